package guards

import (
	"fmt"
	"slices"
	"strings"

	"touchstone/groundtruth"
)

// Deps is what guards are built from. A guard takes what it needs and says so
// when it is missing.
type Deps struct {
	Store      groundtruth.Store // the company's ground truth; nil: only what callers send along
	Entailment Entailer          // judges what exact comparison cannot; nil: exact comparison alone
	Facts      FactFinder        // typed facts of the ground truth; nil: none
	Approved   ApprovedFinder    // approved answers of the ground truth; nil: none
	Safety     Classifier        // judges what a text does to people; nil: the guards that need it measure nothing
	// EntailmentAlone leaves every verdict to Entailment, for measuring what exact
	// comparison adds: that then only chooses the evidence.
	EntailmentAlone bool
	// Embedder makes the vectors that passages are searched by beside their words; nil:
	// by words alone.
	Embedder groundtruth.Embedder
}

// registered lists the guards by name.
var registered = map[string]func(Deps) (Guard, error){
	"approved":     newApproved,
	"groundedness": newGroundedness,
	"injection":    newInjection,
	"pii":          newPII,
	"safety":       newSafety,
	"secrets":      newSecrets,
}

// New returns the guard of that name.
func New(name string, deps Deps) (Guard, error) {
	build, ok := registered[name]
	if !ok {
		return nil, fmt.Errorf("unknown guard %q; known: %s", name, strings.Join(Names(), ", "))
	}
	g, err := build(deps)
	if err != nil {
		return nil, fmt.Errorf("guard %s: %w", name, err)
	}
	return g, nil
}

// Names lists the guards that New knows, sorted.
func Names() []string {
	names := make([]string, 0, len(registered))
	for n := range registered {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
