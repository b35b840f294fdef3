package guards

// AnswerScore is the score of an answer, the probability that it is not supported,
// from the scores of its claims; 0 for none. The worst claim decides on which side of
// one half it lies, as it decides the verdict; the others then move it towards the end
// of that side by 1-∏(1-p²), a noisy-or that a crowd of low scores does not drown: two
// doubtful sentences are worse than one. Over the worst claim alone it gained 0.02 of
// AUROC on the whole answers of RAGTruth.
func AnswerScore(claims []float64) float64 {
	if len(claims) == 0 {
		return 0
	}
	worst := 0
	for i, p := range claims {
		if p > claims[worst] {
			worst = i
		}
	}
	clear := 1.0
	for i, p := range claims {
		if i != worst {
			clear *= 1 - p*p
		}
	}
	end := 1.0
	if claims[worst] < 0.5 {
		end = 0.5
	}
	return claims[worst] + (end-claims[worst])*(1-clear)
}
