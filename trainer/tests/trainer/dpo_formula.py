"""The sigmoid DPO loss (Rafailov et al. 2023, equation 7) in double precision, as TRL computes it:
loss = -logsigmoid(beta * ((chosen - reference_chosen) - (rejected - reference_rejected))).
Prints the rows that `dpo_formula.rs` compares with. Needs the standard library only.
"""

import math
import random


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x)) if x >= 0 else x - math.log1p(math.exp(x))


draw = random.Random(7)
for beta in (0.05, 0.1, 0.5):
    for _ in range(4):
        chosen, rejected, reference_chosen, reference_rejected = (round(draw.uniform(-260, -20), 3) for _ in range(4))
        chosen_reward = beta * (chosen - reference_chosen)
        rejected_reward = beta * (rejected - reference_rejected)
        loss = -log_sigmoid(chosen_reward - rejected_reward)
        row = (beta, chosen, rejected, reference_chosen, reference_rejected)
        print(f"    ({', '.join(map(repr, row))}, {loss:.9e}, {chosen_reward:.6f}, {rejected_reward:.6f}),")
