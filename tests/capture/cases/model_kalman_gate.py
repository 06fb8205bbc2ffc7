"""A Kalman filter that ignores measurements too far from its prediction."""
import torch

EXPECT = "graph"


def kalman(measurements, process_noise, measurement_noise):
    mean, variance = torch.zeros(()), torch.ones(())
    rejected = []
    for t, z in enumerate(measurements):
        variance = variance + process_noise
        innovation = z - mean
        if innovation ** 2 > 9.0 * (variance + measurement_noise):
            rejected.append(torch.tensor(t))
            continue
        gain = variance / (variance + measurement_noise)
        mean = mean + gain * innovation
        variance = (1.0 - gain) * variance
    count = len(rejected)
    return mean, variance, count


def make():
    def call(*z):
        return (torch.tensor(z, requires_grad=True), torch.tensor(0.1, requires_grad=True),
                torch.tensor(0.5, requires_grad=True))

    return kalman, [call(0.5, 0.7, 0.6), call(0.5, 90.0, 0.6), call(50.0, 70.0, -60.0)]
