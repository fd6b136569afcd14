package demo

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// role is a person's place in a household.
type role int

const (
	mother role = iota
	father
	twin
	otherTwin
	householdSize int = iota
)

// person is who a record is about.
type person struct {
	id            string
	role          role
	family, given string
	gender        string
	birth         time.Time
	home          home
	doctor        int    // index into doctors
	kin           string // given name of the person to call: spouse or mother
	rng           *rand.Rand
}

// home is what a household shares.
type home struct {
	street, city, postal, phone string
	members                     [householdSize]string // patient ids
}

var (
	familyNames  = []string{"Alderwood", "Brightwater", "Castañeda-Ruiz", "Dąbrowska", "Everhart", "Fjeldstrøm", "Guðmundsdóttir", "Hollowell", "Iyengar", "Jónsson", "Kaczmarek", "Lindqvist", "Müller", "Nguyễn", "Okonkwo", "Peñaranda", "Quillfeather", "Řeháková", "O'Shaughnessy", "Tanaka (田中)", "Umarov", "Vasconcelos", "Winterbourne", "Xenakis", "Yıldırım", "Zephyrine"}
	motherNames  = []string{"Amalia", "Beatriz", "Chiara", "Deirdre", "Élodie", "Farida", "Greta", "Hana", "Ingrid", "Jolanta", "Keziah", "Leocadia"}
	fatherNames  = []string{"Anselm", "Bartek", "Cormac", "Désiré", "Emeka", "Faisal", "Gunnar", "Hiroshi", "Ignacio", "Jürgen", "Kofi", "Laurent"}
	girlNames    = []string{"Ada", "Brisa", "Cleo", "Dilara", "Esme", "Freya", "Gioia", "Hedda", "Iris", "Juno"}
	boyNames     = []string{"Arlo", "Bruno", "Caspian", "Dario", "Emil", "Felix", "Gael", "Hugo", "Ivo", "Jonas"}
	streetNames  = []string{"Juniper Lane", "Old Mill Road", "Rue de l'Église", "Larkspur Court", "Kestrel Way", "Foundry Street", "Harbor Terrace", "Saint Brannock's Row"}
	cityNames    = []string{"Marrowfield", "East Tamsin", "Port Corwen", "Larchmere"}
	doctors      = []string{"Ottilie Brandvold", "Rafael Monteagudo", "Sunniva Adebayo", "Tomáš Kratochvíl"}
	doctorFamily = []string{"Brandvold", "Monteagudo", "Adebayo", "Kratochvíl"}
	doctorGiven  = []string{"Ottilie", "Rafael", "Sunniva", "Tomáš"}
)

// Streams of random numbers: a household's and a patient's never meet.
const (
	householdStream = 1 << 32
	specialStream   = 2 << 32
)

func (o Options) rng(stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(o.Seed), stream))
}

// person makes numbered patient i.
func (o Options) person(i int) *person {
	h := i / householdSize
	var members [householdSize]string
	for k := range members {
		members[k] = PatientID(h*householdSize + k)
	}
	return o.member(o.rng(householdStream+uint64(h)), o.rng(uint64(i)), role(i%householdSize), members)
}

// special makes one of the well-known patients.
func (o Options) special(n int, id string, r role, members [householdSize]string) *person {
	p := o.member(o.rng(specialStream), o.rng(specialStream+1+uint64(n)), r, members)
	p.id = id
	return p
}

// member makes one person of a household. What a household shares is drawn from family in the same order for each member.
func (o Options) member(family, own *rand.Rand, r role, members [householdSize]string) *person {
	p := &person{id: members[r], role: r, rng: own}
	p.family = pick(family, familyNames)
	parents := [2]string{pick(family, motherNames), pick(family, fatherNames)}
	p.home = home{
		street: strconv.Itoa(1+family.IntN(240)) + " " + pick(family, streetNames),
		city:   pick(family, cityNames), postal: digits(family.IntN(90000)+10000, 5),
		phone: "+1-555-01" + digits(family.IntN(100), 2), members: members,
	}
	parentYears, childYears := 30+family.IntN(15), 3+family.IntN(10)
	p.doctor = family.IntN(len(doctors))
	twins := own.IntN(len(girlNames))
	switch r {
	case mother:
		p.given, p.kin, p.gender = parents[mother], parents[father], "female"
	case father:
		p.given, p.kin, p.gender = parents[father], parents[mother], "male"
	case twin:
		p.given, p.kin, p.gender = girlNames[twins], parents[mother], "female"
	default:
		p.given, p.kin, p.gender = boyNames[twins], parents[mother], "male"
	}
	years, day := parentYears, own.IntN(365)
	if p.child() {
		years, day = childYears, family.IntN(365)
	}
	p.birth = o.Start.AddDate(-years, 0, -day)
	return p
}

func (p *person) child() bool { return p.role >= twin }

func (p *person) name() string { return p.given + " " + p.family }

// holes puts what templates need to know about the person into the context.
func (w *writer) holes(p *person) {
	kinship := `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"SPS","display":"spouse"}]}`
	if p.child() {
		kinship = `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH","display":"mother"}]}`
	}
	w.set("patient", p.id, "canary", Canary(p.id), "name", p.name(), "family", p.family, "given", p.given,
		"gender", p.gender, "birth", p.birth.Format(time.DateOnly), "street", p.home.street, "city", p.home.city,
		"postal", p.home.postal, "phone", p.home.phone, "kin", p.kin, "kinship", kinship, "doctor", doctorID(p.doctor), "schedule", "schedule-"+strconv.Itoa(p.doctor+1),
		"doctorName", doctors[p.doctor], "start", w.options.Start.Format(time.DateOnly),
		"member", "SYN"+digits(p.rng.IntN(1_000_000), 6))
}

func doctorID(n int) string { return "doctor-" + strconv.Itoa(n+1) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// digits writes n with leading zeros.
func digits(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

// decimal writes n / 10^places with all places, such as 98.60 or 1.00.
func decimal(n, places int) string {
	if places == 0 {
		return strconv.Itoa(n)
	}
	s := digits(n, places+1)
	return s[:len(s)-places] + "." + s[len(s)-places:]
}
