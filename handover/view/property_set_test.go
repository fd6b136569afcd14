package view

import _ "satchel/internal/property" // how the property tests run
