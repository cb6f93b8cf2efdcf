"""Lines in the start-up files of shells: found, told apart, and named where they outlive a set-up."""

from pathlib import Path

from axonhub_cli.clients import start_files


def write(name: str, text: str) -> Path:
    file = Path.home() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_lines_of_every_shell_are_found(home: Path) -> None:
    """Our own command and addresses of this machine, in each shell's words; comments and other addresses are not."""
    write(".bashrc", '# eval "$(axonhub setup aider)"\n\neval "$(axonhub setup codex --env)"\n')
    write(".zshrc", "export ANTHROPIC_BASE_URL='http://127.0.0.1:3456'\nexport OPENAI_BASE_URL=https://api.example.com/v1\n")
    write(".config/fish/config.fish", "axonhub setup claude-code | source\nset -gx OPENAI_BASE_URL http://localhost:1/v1\n")
    write(".config/powershell/Microsoft.PowerShell_profile.ps1", "$env:GOOGLE_GEMINI_BASE_URL = 'http://[::1]:8090'\n")
    write(".profile", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"))
    found = [(line.place, line.client or line.name, line.address) for line in start_files.read({})]
    assert found == [
        ("~/.bashrc:3", "codex", ""),
        ("~/.zshrc:1", "ANTHROPIC_BASE_URL", "http://127.0.0.1:3456"),
        ("~/.config/fish/config.fish:1", "claude-code", ""),
        ("~/.config/fish/config.fish:2", "OPENAI_BASE_URL", "http://localhost:1/v1"),
        ("~/.config/powershell/Microsoft.PowerShell_profile.ps1:1", "GOOGLE_GEMINI_BASE_URL", "http://[::1]:8090"),
    ]


def test_zdotdir_is_looked_into(home: Path, tmp_path: Path) -> None:
    """zsh's files may be elsewhere; a place outside the home directory is named in full."""
    (tmp_path / ".zshrc").write_text("axonhub setup llm")
    (line,) = start_files.read({"ZDOTDIR": str(tmp_path)})
    assert line.place == f"{tmp_path}/.zshrc:1"


def test_what_outlives_a_set_up_is_named(home: Path) -> None:
    """Only what concerns that client."""
    write(".bashrc", 'eval "$(axonhub setup codex --env)"\nexport ANTHROPIC_BASE_URL=http://127.0.0.1:8090/anthropic\n')
    (said,) = start_files.leftovers("codex", "AXONHUB_API_KEY", {})
    assert said == "~/.bashrc:1 still runs axonhub setup codex in every new shell: take that line out."
    (said,) = start_files.leftovers("claude-code", "ANTHROPIC_BASE_URL", {})
    assert start_files.leftovers("llm", "", {}) == []
    assert said == "~/.bashrc:2 still sets ANTHROPIC_BASE_URL in every new shell: take that line out."
