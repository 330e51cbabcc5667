"""gatepost completion: the shell completes commands and options."""

from typing import Literal

from gatepost.cli.session import Given

Shell = Literal["bash", "zsh", "fish"]


def command(shell: Shell | None = None, /, *, install: bool = False, session: Given) -> int:
    """Print the completion script of a shell, or install it.

    Parameters
    ----------
    shell
        bash, zsh or fish; else the shell that this is called from.
    install
        Write the script where the shell looks for it, and name it in the shell's startup file.
    """
    from gatepost.cli.main import app  # late: it is what imports this module

    if install:
        path = app.install_completion(shell=shell)
        return session.out.show({"file": str(path)}, lambda: [f"Written to {path}; open a new shell to use it."])
    script = app.generate_completion(shell=shell)
    return session.out.show({"script": script}, script.splitlines)
