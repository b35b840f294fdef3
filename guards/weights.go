package guards

// provisional, until fitted
const weightBias = -2.0

var weights = [featureCount]float64{missAll: 3, missTwo: 2, newNames: 0.5, valueMissing: 0.7, valueDiffers: 1}
