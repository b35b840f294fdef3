package guards

import (
	"fmt"
	"math"

	"touchstone/groundtruth"
)

// missingFrom is the score from which a claim with a value or a name that no evidence
// holds is not covered. Such a claim may be worked out from the evidence (a sum, "a
// fortnight" for 14 days), but a model reads numbers badly, so it has to be surer.
const missingFrom = 0.35

// contradictedFrom is the probability of a contradiction, and contradictedScore the score,
// from which a claim that is not supported is called contradicted: answers are blocked
// for it, so it takes more than a doubt.
const (
	contradictedFrom  = 0.55
	contradictedScore = 0.7
)

// laterClaim is by how much lower the log odds are for every claim of an answer but its
// first. In answers of real models 8 to 10 in 100 sentences are wrong, of claims that
// are checked one by one about half: the same doubt weighs less within an answer, and the
// worst of ten sentences decides on the whole. The true ratio is near 1.9; this much
// gave the best cut on the whole answers of RAGTruth held out (balanced accuracy 0.66
// for 0.56). A stream knows a claim's place as well as a whole answer does.
const laterClaim = 0.4

// supportsAlone is the probability from which one piece of evidence supports a claim in
// some measure by itself.
const supportsAlone = 0.4

// Join is a's verdict together with what a model says of the same claim. What exact
// comparison settles stays; what the model could not judge is not measured.
func Join(claim *Claim, a Assessment, e Entailment) Assessment {
	switch {
	case a.Settled || e.NotMeasured == notMeasuredNoWords:
		return a
	case e.NotMeasured != "":
		return a.unmeasured(notMeasuredReason(e.NotMeasured))
	}
	exact := a.Verdict
	z := joinedLogOdds(a.Score, e)
	if claim.Index > 0 {
		z -= laterClaim
	}
	score := 1 / (1 + math.Exp(-z))
	from := notCoveredFrom
	if a.Features[valueMissing] > 0 || a.Features[newNames] > 0 {
		from = missingFrom
	}
	if e.Cut && exact != Supported { // it saw only the beginning
		score = max(score, a.Score)
	}
	if score < from {
		a.Verdict, a.Score = Supported, score
		if exact != Supported {
			a.Category, a.Reason = "meaning", reasonMeaning(Supported, score, &a.Evidence[0])
		}
		return a
	}
	a.Score = max(score, notCoveredFrom)
	switch {
	case exact == Contradicted: // with a reason of its own
	case e.Contradicted >= contradictedFrom && score >= contradictedScore:
		a.Verdict, a.Category, a.Reason = Contradicted, "meaning", reasonMeaning(Contradicted, a.Score, &a.Evidence[0])
	case exact == Supported:
		a.Verdict, a.Category, a.Reason = NotCovered, "meaning", reasonMeaning(NotCovered, a.Score, &a.Evidence[0])
	}
	if at := worst(e.Spans); at != nil {
		a.Span = at
	}
	return a
}

// reasonMeaning tells a verdict that rests on meaning, with its probability; score is
// that of the claim not being supported.
func reasonMeaning(v Verdict, score float64, e *groundtruth.Evidence) string {
	title := upperFirst(titleOf(e))
	switch v {
	case Supported:
		return fmt.Sprintf("%s says the same in other words (%.2f).", title, 1-score)
	case Contradicted:
		return fmt.Sprintf("%s says otherwise (%.2f).", title, score)
	}
	return fmt.Sprintf("%s speaks of this but does not say it (%.2f).", title, score)
}

// joinedLogOdds are the log odds that the claim is not supported, from the probability
// that exact comparison gives and a model's.
func joinedLogOdds(exact float64, e Entailment) float64 {
	wrong := e.Contradicted + e.NotCovered
	return joinedBias + joinedExact*logit(exact) + joinedWrong*logit(wrong) + joinedKind*(math.Log(floor(e.Contradicted))-math.Log(floor(e.NotCovered)))
}

// Probabilities are kept this far from 0 and 1, so that no model decides alone.
const least = 1e-3

func floor(p float64) float64 { return max(p, least) }

func logit(p float64) float64 {
	p = min(max(p, least), 1-least)
	return math.Log(p / (1 - p))
}

// unmeasured is a claim that exact comparison leaves open and no model judged.
func (a Assessment) unmeasured(why string) Assessment {
	return Assessment{Verdict: NotMeasured, Score: 0.5, Reason: why, Evidence: a.Evidence, Features: a.Features}
}

const notMeasuredNoWords = "no words"

func notMeasuredReason(why string) string {
	if why == "language" {
		return "The sentence or its evidence is in a language that the model does not know, and exact comparison does not settle it."
	}
	return "The model could not judge the sentence (" + why + "), and exact comparison does not settle it."
}

func worst(spans []Span) *Span {
	var out *Span
	for i := range spans {
		if out == nil || spans[i].Score > out.Score {
			out = &spans[i]
		}
	}
	return out
}

// leading moves the pieces of evidence that a model finds most telling to the front:
// one where it is enough by itself, otherwise two.
func leading(pieces []shown, said []Entailment, verdict Verdict) []groundtruth.Evidence {
	telling := func(e *Entailment) float64 {
		if verdict == Contradicted {
			return e.Contradicted
		}
		return e.Supported
	}
	first, second := 0, -1
	for i := 1; i < len(said); i++ {
		switch p := telling(&said[i]); {
		case p > telling(&said[first]):
			first, second = i, first
		case second < 0 || p > telling(&said[second]):
			second = i
		}
	}
	out := []groundtruth.Evidence{pieces[first].quote}
	if telling(&said[first]) < enoughAlone && second >= 0 {
		out = append(out, pieces[second].quote)
	}
	return out
}

// enoughAlone is the probability from which one piece of evidence is quoted alone.
const enoughAlone = 0.7
