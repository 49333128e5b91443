"""What the benches of trees share: commands, and conifer's VHDL of an XGBoost model."""
import contextlib
import glob
import io
import logging
import os
import subprocess
import sys


def run(*command, cwd=None):
    """Standard output of a command that has to succeed."""
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stdout[-300:]} {result.stderr[-300:]}")
    return result.stdout


def find_conifer():
    """The package, ready to write VHDL; None where that cannot be. It compiles its numbers with the ap_ headers that
    hls4ml brings, and asks the first Python on PATH for pybind11."""
    site = os.path.dirname(os.path.dirname(sys.executable))
    headers = glob.glob(f"{site}/lib/*/site-packages/hls4ml/templates/vivado/ap_types")
    if not headers:
        return None
    os.environ["XILINX_AP_INCLUDE"] = headers[0]
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import conifer
    logging.disable(logging.WARNING)
    return conifer


def write_conifer(conifer, booster, folder, precision="ap_fixed<16,6>"):
    """It leaves what it compiles in the folder that it is called from: that is its own here."""
    folder, here = os.path.abspath(folder), os.getcwd()
    os.makedirs(folder, exist_ok=True)
    config = conifer.backends.vhdl.auto_config()
    config["OutputDir"], config["Precision"] = folder, precision
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            conifer.converters.convert_from_xgboost(booster, config).write()
    finally:
        os.chdir(here)
