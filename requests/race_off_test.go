//go:build !race

package requests_test

const raceDetector = false
