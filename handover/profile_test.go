package handover

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A package keeps the BagIt profile that lies in it: tags, tag files, payload files, algorithms; and bag-info.txt names it.
func TestPackagesKeepTheirProfile(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Key, o.BagSize = testKey(), 300_000
	for _, root := range build(t, o).Paths {
		var p struct {
			Info     map[string]string          `json:"BagIt-Profile-Info"`
			Tags     map[string]map[string]bool `json:"Bag-Info"`
			Files    []string                   `json:"Tag-Files-Required"`
			Allowed  []string                   `json:"Tag-Files-Allowed"`
			Payload  []string                   `json:"Payload-Files-Required"`
			Checksum []string                   `json:"Manifests-Required"`
		}
		read := func(path string) []byte {
			text, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		if err := json.Unmarshal(read("data/docs/bagit-profile.json"), &p); err != nil {
			t.Fatal(err)
		}
		var labels []string
		for line := range strings.Lines(string(read(bagInfoFile))) {
			label, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			labels = append(labels, label)
			if _, known := p.Tags[label]; !known {
				t.Errorf("the profile does not know %q", label)
			}
			if label == "BagIt-Profile-Identifier" && (value != p.Info[label] || !strings.HasPrefix(value, "https://docs.example.org/")) {
				t.Errorf("bag-info names the profile %q, it names itself %q", value, p.Info[label])
			}
		}
		for label, rule := range p.Tags {
			if rule["required"] && !slices.Contains(labels, label) {
				t.Errorf("%s is required and not in bag-info", label)
			}
		}
		if !slices.Contains(labels, "BagIt-Profile-Identifier") {
			t.Error("bag-info names no profile")
		}
		for _, path := range slices.Concat(p.Files, p.Payload) {
			read(path)
		}
		for line := range strings.Lines(string(read(tagManifest))) {
			_, path, _ := strings.Cut(strings.TrimSpace(line), "  ")
			free := []string{bagitFile, bagInfoFile, payloadManifest}
			if !slices.Contains(free, path) && !slices.ContainsFunc(p.Allowed, func(rule string) bool {
				ok, _ := filepath.Match(rule, path)
				return ok
			}) {
				t.Errorf("the profile does not allow %s", path)
			}
		}
	}
}
