package demo

// measurable is something with a number: its code as a ready CodeableConcept, its unit, and the usual range
// in steps of 10^-places, so that 98.60 is {9860, places 2}.
type measurable struct {
	name, code, unit, ucum string
	places                 int
	low, high              int
}

func measure(name, loinc, unit, ucum string, places, low, high int) measurable {
	return measurable{name, concept("loinc " + loinc + " " + name), unit, ucum, places, low, high}
}

var (
	adultVitals = []measurable{
		measure("Body weight", "29463-7", "kg", "kg", 1, 520, 990),
		measure("Body height", "8302-2", "cm", "cm", 1, 1520, 1940),
		measure("Body temperature", "8310-5", "degF", "[degF]", 2, 9760, 9900),
		measure("Heart rate", "8867-4", "beats/minute", "/min", 0, 56, 88),
	}
	childVitals = []measurable{
		measure("Body weight", "29463-7", "kg", "kg", 2, 1450, 4200),
		measure("Body height", "8302-2", "cm", "cm", 1, 980, 1510),
		measure("Body temperature", "8310-5", "degF", "[degF]", 2, 9770, 9920),
		measure("Heart rate", "8867-4", "beats/minute", "/min", 0, 75, 112),
	}
	labPanel  = concept("loinc 24323-8 Comprehensive metabolic 2000 panel - Serum or Plasma")
	labValues = []measurable{
		measure("Glucose [Mass/volume] in Serum or Plasma", "2345-7", "mg/dL", "mg/dL", 0, 70, 99),
		measure("Creatinine [Mass/volume] in Serum or Plasma", "2160-0", "mg/dL", "mg/dL", 2, 60, 120),
		measure("Sodium [Moles/volume] in Serum or Plasma", "2951-2", "mmol/L", "mmol/L", 0, 136, 145),
		measure("Potassium [Moles/volume] in Serum or Plasma", "2823-3", "mmol/L", "mmol/L", 1, 35, 51),
		measure("Hemoglobin A1c/Hemoglobin.total in Blood", "4548-4", "%", "%", 1, 40, 56),
		measure("Cholesterol [Mass/volume] in Serum or Plasma", "2093-3", "mg/dL", "mg/dL", 0, 120, 199),
		measure("Hemoglobin [Mass/volume] in Blood", "718-7", "g/dL", "g/dL", 1, 120, 169),
	}
)

// named is a ready CodeableConcept and what people call it.
type named struct{ name, code string }

func name(argument, name string) named { return named{name, concept(argument)} }

var (
	adultProblems = []named{
		name("snomed 38341003 Hypertensive disorder", "High blood pressure"),
		name("snomed 44054006 Diabetes mellitus type 2", "Type 2 diabetes"),
		name("icd10 E78.5 Hyperlipidemia, unspecified", "High blood fats"),
		name("snomed 195967001 Asthma", "Asthma"),
		name("icd10 M54.5 Low back pain", "Low back pain"),
		name("snomed 37796009 Migraine", "Migraine"),
		name("snomed 235595009 Gastroesophageal reflux disease", "Reflux"),
	}
	childProblems = []named{
		name("snomed 195967001 Asthma", "Asthma"),
		name("snomed 24079001 Atopic dermatitis", "Eczema"),
		name("icd10 J30.1 Allergic rhinitis due to pollen", "Hay fever"),
		name("snomed 3110003 Acute otitis media", "Ear infection"),
	}
	visitReasons = []named{
		name("snomed 54150009 Upper respiratory infection", "a cold"),
		name("snomed 84229001 Fatigue", "tiredness"),
		name("snomed 25064002 Headache", "headache"),
		name("snomed 308335008 Patient encounter procedure", "a yearly check"),
		name("snomed 386661006 Fever", "fever"),
	}
	vaccines = []named{
		name("cvx 140 Influenza, seasonal, injectable, preservative free", "influenza"),
		name("cvx 115 Tdap", "tetanus, diphtheria, pertussis"),
		name("cvx 03 MMR", "measles, mumps, rubella"),
		name("cvx 21 varicella", "chickenpox"),
		name("cvx 208 COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose", "COVID-19"),
	}
	allergies = []struct {
		named
		kind string
	}{
		{name("snomed 91936005 Allergy to penicillin", "penicillin"), "medication"},
		{name("snomed 91935009 Allergy to peanut", "peanut"), "food"},
		{name("snomed 418689008 Allergy to grass pollen", "grass pollen"), "environment"},
		{name("snomed 300913006 Allergy to shellfish", "shellfish"), "food"},
	}
	procedures = []named{
		name("snomed 29303009 Electrocardiographic procedure", "Electrocardiogram"),
		name("snomed 127783003 Spirometry", "Spirometry"),
		name("snomed 225362009 Dental care", "Dental care"),
	}
)

// Drugs are members of a MedicationRequest: by reference, by code, by reference to a contained Medication.
var (
	paracetamol = named{"acetaminophen", `"medicationCodeableConcept":` + concept("rxnorm 198440 acetaminophen 500 MG Oral Tablet")}
	cream       = named{"a cream made up at the pharmacy", `"contained":[{"resourceType":"Medication","id":"cream","code":{"text":"urea 10% in a plain base"},"ingredient":[{"itemCodeableConcept":` +
		concept("snomed 387092000 Urea") + `,"strength":{"numerator":` + quantity("10.0 g") + `,"denominator":` + quantity("100 g") + `}}]}],"medicationReference":{"reference":"#cream"}`}

	adultDrugs = []named{byReference("metformin", "500 MG Extended Release Oral Tablet"), paracetamol, byReference("lisinopril", "10 MG Oral Tablet"), cream}
	childDrugs = []named{byReference("amoxicillin", "500 MG Oral Capsule"), paracetamol, cream}
)

// byReference is a drug whose Medication stands in the directory.
func byReference(id, form string) named {
	return named{id, `"medicationReference":` + reference("Medication/"+id+" "+id+" "+form)}
}
