package pages

import _ "satchel/internal/property" // how the property tests run
