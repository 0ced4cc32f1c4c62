"""Makes the reference that `tests/trainer/reference.rs` compares with: a tiny random llama by transformers, two LoRA
adapters by PEFT, and what TRL's DPOTrainer computes with them for a few pairs of token ids.

    pip install "torch>=2.6" transformers peft trl && python make.py

Writes base/, policy/, reference/ and expected.json beside this file. Token ids are random; there is no text in it.
"""

import json
import pathlib
import random
import tempfile

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

HERE = pathlib.Path(__file__).parent
VOCABULARY = 48
BETA = 0.3
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def tiny_base() -> LlamaForCausalLM:
    config = LlamaConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=VOCABULARY,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        initializer_range=0.2,
        attn_implementation="eager",
    )
    return LlamaForCausalLM(config)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    words = {f"t{token}": token for token in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="t0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="t0", pad_token="t0", eos_token="t1")


def shake(model, part: str, spread: float) -> None:
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "lora_B" in name and f".{part}." in name:
                values.copy_(torch.randn_like(values) * spread)


def pairs() -> list[dict]:
    draw = random.Random(11)

    def ids(length: int) -> list[int]:
        return [draw.randrange(2, VOCABULARY) for _ in range(length)]

    lengths = [(5, 4, 7), (9, 6, 3), (2, 11, 11), (14, 1, 8)]
    return [{"prompt_ids": ids(p), "chosen_ids": ids(c), "rejected_ids": ids(r)} for p, c, r in lengths]


def main() -> None:
    torch.manual_seed(3)
    base = tiny_base()
    base.save_pretrained(HERE / "base")
    lora = LoraConfig(r=4, lora_alpha=12, target_modules=MODULES, task_type="CAUSAL_LM")
    model = get_peft_model(base, lora)
    shake(model, "default", 0.1)
    with tempfile.TemporaryDirectory() as out:
        settings = DPOConfig(output_dir=out, beta=BETA, use_cpu=True, report_to=[], bf16=False, disable_dropout=True)
        words = Dataset.from_list([{"prompt": "t3 t4", "chosen": " t5", "rejected": " t6"}])
        trainer = DPOTrainer(model=model, args=settings, train_dataset=words, processing_class=tiny_tokenizer())
        # It has kept the adapter as reference; what is learned from now on is another one.
        shake(trainer.model, "default", 0.1)
        trainer.model.eval()
        trainer.model.save_pretrained(HERE, selected_adapters=["ref"])
        trainer.model.save_pretrained(HERE / "policy", selected_adapters=["default"])
        (HERE / "ref").rename(HERE / "reference")
        expected = []
        for pair in pairs():
            trainer._metrics["eval"].clear()
            batch = trainer.data_collator([pair])
            with torch.no_grad():
                loss = trainer.compute_loss(trainer.model, batch).item()
                ids = torch.tensor([pair["prompt_ids"] + pair["chosen_ids"]])
                logits = trainer.model(input_ids=ids).logits[0, -1]
            metrics = {name: values[0] for name, values in trainer._metrics["eval"].items() if "/" in name}
            expected.append({**pair, "loss": loss, **metrics, "last_logits": logits.tolist()})
    lines = ",\n".join(json.dumps(pair) for pair in expected)
    (HERE / "expected.json").write_text(f'{{"beta": {BETA}, "pairs": [\n{lines}\n]}}\n')
    for card in HERE.rglob("README.md"):
        card.unlink()
    (HERE / "base" / "generation_config.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
