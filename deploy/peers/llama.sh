#!/usr/bin/env bash
# Builds llama.cpp's server beside the development environment, for tests/contracts/test_llama.py:
#   deploy/peers/llama.sh && ./bench soak tests/contracts/test_llama.py
# Needs a C++ compiler and cmake (apt-get install g++ cmake) and some ten minutes of two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."

place=.venv/llama
[ -x .venv/bin/python ] || { echo "llama.sh: run ./bench test --help first: it makes .venv" >&2; exit 2; }
.venv/bin/python -m venv "$place"
CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAMA_BUILD_TESTS=OFF" \
    "$place/bin/python" -m pip install --quiet --require-hashes -r deploy/peers/llama.lock
"$place/bin/python" -c "import gguf, llama_cpp; print('llama.cpp is built:', llama_cpp.__version__)"
