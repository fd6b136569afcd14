//go:build !race

package fhir

const raceDetector = false
