"""A channel's own changes to a request, between its conversion and its upstream. A channel without any costs nothing."""

from msgspec.structs import replace

from ..protocols import overrides
from ..protocols.lanes import Prepared
from ..routing.plan import Candidate
from ..types.messages import Loss

Headers = list[tuple[str, str]]


def overridden(candidate: Candidate, prepared: Prepared, headers: Headers) -> tuple[Prepared, Headers]:
    """The request with the channel's overrides; what they did is on its receipt. A body that changes leaves the verbatim lane."""
    channel = candidate.channel
    if not channel.body_overrides and not channel.header_overrides:
        return prepared, headers
    model, protocol = candidate.model, candidate.endpoint.protocol
    told: list[Loss] = []
    body = prepared.sent
    if items := overrides.meant(channel.body_overrides, model, protocol):
        body, told = overrides.body(bytes(body), items)
    headers, also = overridden_headers(candidate, headers)
    lane = "splice" if told and prepared.lane == "verbatim" else prepared.lane
    return replace(prepared, sent=body, lane=lane, losses=[*prepared.losses, *told, *also]), headers


def overridden_headers(candidate: Candidate, headers: Headers) -> tuple[Headers, list[Loss]]:
    """The headers alone, as a count of tokens has them, too."""
    items = overrides.meant(candidate.channel.header_overrides, candidate.model, candidate.endpoint.protocol)
    return overrides.headers(headers, items) if items else (headers, [])
