package fhir

import "strconv"

// checkNested demands a known resourceType of every resource inside another: contained resources, entries of a Bundle
// and parameters, at any depth. Other shapes than objects are left to Validate.
func checkNested(resource node, typ, path string) error {
	if err := checkEach(resource.field("contained"), path+".contained"); err != nil {
		return err
	}
	switch typ {
	case "Bundle":
		for i, entry := range resource.field("entry").each() {
			at := path + ".entry" + index(i)
			if err := checkEach(entry.field("resource"), at+".resource"); err != nil {
				return err
			}
			if err := checkEach(entry.field("response").field("outcome"), at+".response.outcome"); err != nil {
				return err
			}
		}
	case "Parameters":
		return checkParameters(resource.field("parameter"), path+".parameter")
	}
	return nil
}

// checkParameters checks the resources of parameters and of their parts.
func checkParameters(list node, path string) error {
	for i, p := range list.each() {
		if err := checkEach(p.field("resource"), path+index(i)+".resource"); err != nil {
			return err
		}
		if err := checkParameters(p.field("part"), path+index(i)+".part"); err != nil {
			return err
		}
	}
	return nil
}

// checkEach checks one resource or a list of them.
func checkEach(value node, path string) error {
	for i, resource := range value.each() {
		if resource.kind() != '{' {
			continue
		}
		typ, err := typeOf(resource, path+index(i))
		if err != nil {
			return err
		}
		if err := checkNested(resource, typ, path+index(i)); err != nil {
			return err
		}
	}
	return nil
}

// index writes "[3]", or nothing for -1.
func index(i int) string {
	if i < 0 {
		return ""
	}
	return "[" + strconv.Itoa(i) + "]"
}
