package main

// strangers are elements that the package's publisher put into the differential of an HL7 type without a change of
// version, found by comparison with an independent copy of R4 4.0.1. All his other changes stand in snapshots,
// which are not read, or carry a foreign address or version.
var strangers = map[string]bool{
	"ResearchStudy.studyDesign": true, // of R5
}
