package fhirapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"

	"satchel/web"

	"satchel/fhir"
)

// document is a JSON text that the server makes once.
type document struct {
	base, ETag string
	body       []byte
}

// capabilities is the CapabilityStatement, as far as this server has something to say.
type capabilities struct {
	ResourceType   string         `json:"resourceType"`
	Status         string         `json:"status"`
	Date           string         `json:"date"`
	Kind           string         `json:"kind"`
	Instantiates   []string       `json:"instantiates,omitempty"`
	Software       software       `json:"software"`
	Implementation implementation `json:"implementation"`
	FHIRVersion    string         `json:"fhirVersion"`
	Format         []string       `json:"format"`
	Rest           []restServer   `json:"rest"`
}

type software struct {
	Name    string `json:"name"`
	Version string `json:"version,omitzero"`
}

type implementation struct {
	Description string `json:"description"`
	URL         string `json:"url"`
}

type restServer struct {
	Mode        string         `json:"mode"`
	Security    restSecurity   `json:"security"`
	Resource    []restResource `json:"resource"`
	Interaction []codeOnly     `json:"interaction"`
	Operation   []opDefinition `json:"operation,omitempty"`
}

type restSecurity struct {
	Extension   []extension `json:"extension,omitempty"`
	CORS        bool        `json:"cors"`
	Service     []concept   `json:"service,omitempty"`
	Description string      `json:"description"`
}

type extension struct {
	URL       string      `json:"url"`
	ValueURI  string      `json:"valueUri,omitempty"`
	Extension []extension `json:"extension,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

type codeOnly struct {
	Code string `json:"code"`
}

type opDefinition struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

type restResource struct {
	Type              string         `json:"type"`
	Documentation     string         `json:"documentation,omitzero"`
	Interaction       []codeOnly     `json:"interaction"`
	Versioning        string         `json:"versioning"`
	ReadHistory       bool           `json:"readHistory"`
	UpdateCreate      bool           `json:"updateCreate"`
	ConditionalCreate bool           `json:"conditionalCreate"`
	ConditionalRead   string         `json:"conditionalRead"`
	ConditionalUpdate bool           `json:"conditionalUpdate"`
	ConditionalDelete string         `json:"conditionalDelete"`
	SearchInclude     []string       `json:"searchInclude,omitempty"`
	SearchParam       []searchParam  `json:"searchParam,omitempty"`
	Operation         []opDefinition `json:"operation,omitempty"`
}

type searchParam struct {
	Name       string `json:"name"`
	Definition string `json:"definition,omitzero"`
	Type       string `json:"type"`
}

const (
	bulkData   = "http://hl7.org/fhir/uv/bulkdata/"
	everyOpDef = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
	ehiOpDef   = "http://fhir.org/argonaut/ehi-api" // the guide: it has no OperationDefinition
)

// metadata answers what this server can do. It needs no account, and holds nothing but that.
func (k *kept) metadata(w http.ResponseWriter, c *web.Call) error {
	d := k.capabilities.Load()
	if d == nil || d.base != c.Base {
		body, err := web.EncodeJSON(capabilitiesOf(c.Server, c.Base))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		d = &document{base: c.Base, ETag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, body: body}
		k.capabilities.Store(d)
	}
	w.Header().Set("ETag", d.ETag)
	w.Header().Set("Cache-Control", "no-cache")
	if web.Unchanged(c.Header, d.ETag, c.Server.Started) {
		return web.ErrNotModified
	}
	return c.SendJSON(w, http.StatusOK, web.MediaFHIR, d.body)
}

// capabilitiesOf is made from the route table and the definitions of R4, so that it says what is true.
func capabilitiesOf(s *web.Server, base string) capabilities {
	rest := restServer{
		Mode:        "server",
		Security:    security(s, base),
		Interaction: interactions(s, false),
	}
	if s.Exports.Enabled {
		rest.Operation = []opDefinition{{"export", bulkData + "OperationDefinition/export"}}
	}
	types := interactions(s, true)
	for _, typ := range fhir.Types() {
		rest.Resource = append(rest.Resource, resourceCapabilities(s, typ, types))
	}
	statement := capabilities{
		ResourceType: "CapabilityStatement", Status: "active", Date: fhir.FormatInstant(s.Started), Kind: "instance",
		Software:       software{"Satchel", s.Version},
		Implementation: implementation{"FHIR R4 server with Bulk Data export for a medical practice", base},
		FHIRVersion:    "4.0.1", Format: []string{"application/fhir+json", "json"}, Rest: []restServer{rest},
	}
	if s.Exports.Enabled {
		statement.Instantiates = []string{bulkData + "CapabilityStatement/bulk-data"}
	}
	return statement
}

// security says how to sign in. Some clients find the token endpoint here alone.
func security(s *web.Server, base string) restSecurity {
	const services = "http://terminology.hl7.org/CodeSystem/restful-security-service"
	security := restSecurity{
		CORS:        len(s.CORSOrigins) > 0,
		Description: "What an account or a client may do is decided for every resource.",
	}
	if s.Tokens != nil {
		security.Service = append(security.Service, concept{[]coding{{services, "SMART-on-FHIR"}}})
		security.Extension = []extension{{
			URL:       "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
			Extension: []extension{{URL: "token", ValueURI: web.TokenURL(base)}},
		}}
	}
	if s.Basic != "off" {
		security.Service = append(security.Service, concept{[]coding{{services, "Basic"}}})
	}
	return security
}

// interactions lists the table's interactions, each once: those on a type, or those on the whole system.
func interactions(s *web.Server, onType bool) []codeOnly {
	var list []codeOnly
	add := func(code string) {
		if !slices.Contains(list, codeOnly{code}) {
			list = append(list, codeOnly{code})
		}
	}
	for _, rt := range s.FHIR {
		if rt.Interaction == "" || rt.Interaction == "capabilities" || slices.Contains(rt.Segments, "{type}") != onType {
			continue
		}
		add(rt.Interaction)
		if rt.Kind == web.Bundle {
			add("batch") // at the same address
		}
	}
	return list
}

// resourceCapabilities is what the server does with one type.
func resourceCapabilities(s *web.Server, typ string, interactions []codeOnly) restResource {
	r := restResource{
		Type: typ, Interaction: interactions, Versioning: "versioned-update", ReadHistory: true, UpdateCreate: true,
		ConditionalCreate: true, ConditionalRead: "full-support", ConditionalUpdate: true, ConditionalDelete: "single",
	}
	for _, p := range fhir.SearchParams(typ) {
		r.SearchParam = append(r.SearchParam, searchParam{p.Name, p.Definition, p.Type})
		if p.Type == "reference" {
			r.SearchInclude = append(r.SearchInclude, typ+":"+p.Name)
		}
	}
	if typ == "AuditEvent" {
		r.Documentation = logDocumentation
	}
	if s.Exports.Enabled && typ == "Patient" {
		r.Operation = append(r.Operation, opDefinition{"export", bulkData + "OperationDefinition/patient-export"})
	}
	if s.Exports.Enabled && typ == "Group" {
		r.Operation = append(r.Operation, opDefinition{"export", bulkData + "OperationDefinition/group-export"})
	}
	if typ == "Patient" {
		r.Operation = append(r.Operation, opDefinition{"everything", everyOpDef})
		if s.Requests != nil {
			r.Operation = append(r.Operation, opDefinition{"ehi-export", ehiOpDef})
		}
	}
	return r
}
