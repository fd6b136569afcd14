package config

import (
	"testing"
)

// The settings file that init writes is the example, with what the flags say.
func TestFilledExample(t *testing.T) {
	if FilledExample(nil) != Example {
		t.Error("changed without a flag")
	}
	c, err := config(t, FilledExample(map[string]string{"http.listen": "0.0.0.0:9", "http.insecure_http": "true"}), nil, nil)
	if err != nil || c.HTTP.Listen != "0.0.0.0:9" || !c.HTTP.InsecureHTTP {
		t.Errorf("%+v, %v", c, err)
	}
}
