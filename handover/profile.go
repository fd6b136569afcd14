package handover

import (
	"path"
	"strings"
)

// profileName is the file with the BagIt profile: the rules that every bag of this format keeps, for programs that check
// bags against such a profile (bagit-profiles.github.io).
const profileName = "bagit-profile.json"

// ProfileURL is where the BagIt profile of a format stands that is documented at a public address, "" for any other.
func ProfileURL(documentation string) string {
	if !strings.HasPrefix(documentation, "https://") && !strings.HasPrefix(documentation, "http://") {
		return ""
	}
	return strings.TrimSuffix(documentation, "/") + "/" + profileName
}

// profile is the BagIt profile by version 1.4.0 of BagIt Profiles. It names itself by its address, or by a URN where there
// is no public one.
func profile(documentation string) ([]byte, error) {
	id := ProfileURL(documentation)
	if id == "" {
		id = "urn:satchel:bagit-profile:" + FormatVersion
	}
	required, optional := object{"required", true}, object{"required", false}
	return indented(object{
		"BagIt-Profile-Info", object{
			"BagIt-Profile-Identifier", id, "BagIt-Profile-Version", "1.4.0", "Source-Organization", "Satchel",
			"External-Description", "Packages of health records, as FHIR R4 and original files", "Version", FormatVersion,
		},
		"Bag-Info", object{
			"Source-Organization", optional, "Contact-Name", optional, "Contact-Phone", optional, "Contact-Email", optional,
			"External-Description", required, "External-Identifier", required, "Bagging-Date", required, "Bag-Software-Agent", required,
			"BagIt-Profile-Identifier", optional, "Bag-Group-Identifier", optional, "Bag-Count", required, "Payload-Oxum", required,
		},
		"Manifests-Required", []string{"sha256"}, "Manifests-Allowed", []string{"sha256"},
		"Tag-Manifests-Required", []string{"sha256"}, "Tag-Manifests-Allowed", []string{"sha256"},
		"Tag-Files-Required", []string{"OPEN-ME-FIRST.html", "README.txt"},
		"Tag-Files-Allowed", []string{"OPEN-ME-FIRST.html", "README.txt", "signature/*"},
		"Payload-Files-Required", []string{manifestPath, "data/fhir/bulk-manifest.json", "data/docs/" + profileName},
		"Allow-Fetch.txt", false, "Fetch.txt-Required", false, "Data-Empty", false,
		"Serialization", "optional", "Accept-Serialization", []string{"application/zip"}, "Accept-BagIt-Version", []string{"1.0"},
	})
}

// FormatFile returns a file that belongs to the documentation of a version of the format, by name: a JSON Schema, or the
// BagIt profile. documentation is the address of the documentation; false if there is no such file.
func FormatFile(version, name, documentation string) ([]byte, bool) {
	if version != FormatVersion || path.Base(name) != name {
		return nil, false
	}
	if name == profileName {
		text, err := profile(documentation)
		return text, err == nil
	}
	text, err := schemaFiles.ReadFile("schema/" + name)
	return text, err == nil
}
