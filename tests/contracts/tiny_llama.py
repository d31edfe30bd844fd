"""Writes a llama of 27,000 weights, drawn at random: it speaks bytes, not sense.

Run by the interpreter that has ``gguf``: ``python tiny_llama.py FILE.gguf``. Its answers are the
same each time at temperature 0, and its counts of tokens are real.
"""

from __future__ import annotations

import sys
from typing import Any

import gguf
import numpy as np

WIDTH, INNER, CONTEXT = 32, 64, 2048


def write(path: str) -> None:
    out = gguf.GGUFWriter(path, "llama")
    _describe(out)
    _speak_bytes(out)
    _fill(out)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def _describe(out: Any) -> None:
    out.add_context_length(CONTEXT)
    out.add_embedding_length(WIDTH)
    out.add_block_count(1)
    out.add_feed_forward_length(INNER)
    out.add_head_count(2)
    out.add_head_count_kv(2)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(WIDTH // 2)


def _speak_bytes(out: Any) -> None:
    kinds = gguf.TokenType
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    out.add_vocab_size(len(words))
    out.add_tokenizer_model("llama")
    out.add_token_list(words)
    out.add_token_scores([0.0] * len(words))
    out.add_token_types([kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL] + [kinds.BYTE] * 256)
    out.add_unk_token_id(0)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")


def _fill(out: Any) -> None:
    dice = np.random.default_rng(7)

    def drawn(name: str, *shape: int) -> None:
        out.add_tensor(f"{name}.weight", (dice.standard_normal(shape) * 0.5).astype(np.float32))

    for name in ("token_embd", "output"):
        drawn(name, 259, WIDTH)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        drawn(f"blk.0.{name}", WIDTH, WIDTH)
    drawn("blk.0.ffn_gate", INNER, WIDTH)
    drawn("blk.0.ffn_up", INNER, WIDTH)
    drawn("blk.0.ffn_down", WIDTH, INNER)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        out.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))


if __name__ == "__main__":
    write(sys.argv[1])
