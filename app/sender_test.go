package app

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"satchel/config"
)

// The settings that a package of everybody lists fit the schema that lies in it.
func TestHandedSettingsFitTheirSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../handover/schema/settings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Defaults()
	text := string(settingsJSON(cfg))
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
	if !strings.Contains(text, `"key": "http.listen"`) {
		t.Errorf("the settings are %s", text)
	}
}
