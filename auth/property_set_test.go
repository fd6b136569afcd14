package auth_test

import _ "satchel/internal/property" // how the property tests run
