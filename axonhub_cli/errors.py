"""The tree of errors. Every error that a user can meet is one of these, with what happened and what to do.

    AxonHubError               code, kind (of `types.problem`), exit_code, hint
    ├── UsageError             the command was used wrongly                     exit 2
    ├── ConfigError            a file of ours cannot be used as it is           exit 1
    │   └── Taken              the port, or the folder, is another program's    exit 3
    ├── NotConfigured          nothing there to work with yet                   exit 3
    ├── NotRunning             no server answers                                exit 3
    ├── SecretError            a secret cannot be read or stored
    ├── ClientFileError        somebody else's file cannot be edited safely
    ├── UpstreamError          a provider that a command asked does not answer as it should
    ├── StoreError             the trace store cannot be used
    ├── ProtocolError          bytes that break a wire protocol
    └── RequestError           a client's request cannot be served: it becomes an HTTP answer in the client's protocol

The message is one sentence that says what happened and where; `hint` is one that says what to do. Neither ever holds a secret.
"""

from typing import ClassVar


class AxonHubError(Exception):
    """Base of everything that is reported to people rather than as a traceback."""

    code: ClassVar[str] = "error"
    kind: ClassVar[str] = "server"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class UsageError(AxonHubError):
    """The command line was used wrongly."""

    code = "usage"
    exit_code = 2


class ConfigError(AxonHubError):
    """One of our own files cannot be used as it is."""

    code = "config"


class Taken(ConfigError):
    """The port, or the folder, is in use by another program."""

    code = "taken"
    exit_code = 3


class NotConfigured(AxonHubError):
    """There is nothing yet that the command could work with."""

    code = "not_configured"
    exit_code = 3


class NotRunning(AxonHubError):
    """No server of ours answers."""

    code = "not_running"
    exit_code = 3


class SecretError(AxonHubError):
    """A secret cannot be read or stored."""

    code = "secret"
    kind = "authentication"


class ClientFileError(AxonHubError):
    """A client's own file cannot be read or edited safely; nothing was written."""

    code = "client_file"


class UpstreamError(AxonHubError):
    """A provider that a command asked does not answer as it should."""

    code = "upstream"


class StoreError(AxonHubError):
    """The trace store cannot be used."""

    code = "trace_store"


class ProtocolError(AxonHubError):
    """Bytes or events that break a wire protocol's rules. A codec raises nothing else."""

    code = "protocol"
    kind = "upstream"


class RequestError(AxonHubError):
    """A client's request that cannot be served; `kind` decides the HTTP status (`types.problem.STATUS`)."""

    code = "request"

    def __init__(self, message: str, *, kind: str = "invalid_request", hint: str | None = None, param: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind  # type: ignore[misc]  # narrowed per instance on purpose: one class serves all kinds
        self.param = param
