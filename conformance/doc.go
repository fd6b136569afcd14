// Package conformance holds the whole server, over HTTPS and with tokens of its token endpoint, against FHIR Bulk Data Access 2.0.0
// and 3.0.0 and SMART Backend Services 2.2.0. It has tests only. docs/conformance.md lists the rows; doc_test.go keeps the list and
// the tests together.
package conformance
