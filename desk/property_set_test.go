package desk

import _ "satchel/internal/property" // how the property tests run
