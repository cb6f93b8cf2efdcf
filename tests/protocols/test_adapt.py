"""A request is fitted to its target: nothing reaches a writer that its protocol has not, and nothing disappears in silence."""

from typing import Any

import pytest

from axonhub_cli.errors import RequestError
from axonhub_cli.protocols.adapt import adapt
from axonhub_cli.protocols.base import Losses
from axonhub_cli.types.messages import (
    Media,
    Message,
    Opaque,
    Part,
    Protocol,
    Refusal,
    Request,
    Role,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from axonhub_cli.types.quirks import Quirks

OTHERS: list[Protocol] = ["openai-chat", "openai-responses", "gemini"]
FOREIGN: list[Protocol] = ["anthropic", *OTHERS]
IMAGE = Media(kind="image", mime="image/png", data="aGk=")
WEB = Tool(name="web_search_20250305", kind="hosted", raw={"type": "web_search_20250305", "name": "web_search"})
BASH = Tool(name="Bash", schema={"type": "object"})


def text(value: str, **more: Any) -> Text:
    return Text(text=value, **more)


def msg(role: Role, *parts: Part | str, **more: Any) -> Message:
    return Message(role=role, parts=tuple(text(part) if isinstance(part, str) else part for part in parts), **more)


def call(call_id: str) -> ToolCall:
    return ToolCall(id=call_id, name="Bash", arguments="{}")


def result(call_id: str, *parts: Part, **more: Any) -> ToolResult:
    return ToolResult(call_id=call_id, parts=parts or (text("ok"),), **more)


def ask(*messages: Message, origin: Protocol = "anthropic", **more: Any) -> Request:
    return Request(origin=origin, model="m", messages=messages or (msg("user", "hi"),), **more)


def fit(request: Request, protocol: Protocol, quirks: Quirks | None = None) -> tuple[Request, list[tuple[str, str]]]:
    losses = Losses()
    out = adapt(request, protocol, quirks or Quirks(), losses)
    return out, [(loss.action, loss.path) for loss in losses.items]


@pytest.mark.parametrize("protocol", FOREIGN)
def test_a_plain_request_is_the_same_object(protocol: Protocol) -> None:
    """Where nothing has to change, nothing is copied."""
    request = ask(
        msg("user", "a"), msg("assistant", "b", call("c")), msg("user", result("c"), "d"), origin="openai-chat", tools=(BASH,)
    )
    out, losses = fit(request, protocol)
    assert out is request
    assert losses == []


def test_home_is_left_alone() -> None:
    """Towards its own protocol a request keeps marks, order, blocks, hosted tools and late system messages."""
    request = ask(
        msg("user", result("gone"), "", text("a", cache="5m")),
        msg("user", Opaque(protocol="anthropic", kind="container_upload", raw={"type": "container_upload"})),
        msg("system", "b"),
        tools=(WEB, Tool(name="DeferredToolPlaceholder", deferred=True)),
        system=(text("x-anthropic-billing-header: cch=1;"),),
        tool_choice=ToolChoice(mode="tool", name="web_search"),
    )
    assert fit(request, "anthropic") == (request, [])


class TestSystem:
    """System messages, wherever the client put them."""

    @pytest.mark.parametrize("protocol", ["anthropic", "gemini"])
    def test_leading_ones_are_hoisted(self, protocol: Protocol) -> None:
        """What stands before the first user message is the system prompt."""
        request = ask(msg("system", "b"), msg("developer", "c"), msg("user", "d"), origin="openai-responses", system=(text("a"),))
        out, _ = fit(request, protocol)
        assert out.system == (text("a"), text("b"), text("c"))
        assert out.messages == (msg("user", "d"),)

    def test_openai_protocols_keep_leading_ones(self) -> None:
        """Chat and Responses have messages for them; the role is what the endpoint knows."""
        request = ask(msg("developer", "a"), msg("user", "b"), origin="openai-responses")
        assert fit(request, "openai-chat")[0] is request
        assert fit(request, "openai-chat", Quirks(developer_role=False))[0].messages[0].role == "system"

    def test_a_late_one_stays_in_place(self) -> None:
        """Chat gets a system message, Responses a developer message, at the same place."""
        request = ask(msg("user", "a"), msg("system", "b"), msg("user", "c"))
        assert [m.role for m in fit(request, "openai-chat")[0].messages] == ["user", "system", "user"]
        assert [m.role for m in fit(request, "openai-responses")[0].messages] == ["user", "developer", "user"]

    def test_a_late_one_becomes_a_reminder(self) -> None:
        """Anthropic from another protocol, and endpoints that refuse late system messages, get marked user text."""
        request = ask(msg("user", "a"), msg("developer", "b"), msg("user", "c"), origin="openai-responses")
        reminder = text("<system-reminder>\nb\n</system-reminder>")
        out, losses = fit(request, "anthropic")
        assert out.messages == (Message(role="user", parts=(text("a"), reminder, text("c"))),)
        assert losses == [("changed", "messages[1].role")]
        late, _ = fit(request, "openai-chat", Quirks(late_system=False))
        assert late.messages == (msg("user", "a"), Message(role="user", parts=(reminder,)), msg("user", "c"))

    def test_a_smaller_anthropic_dialect(self) -> None:
        """An Anthropic-compatible endpoint that refuses role system gets a reminder too."""
        request = ask(msg("user", "a"), msg("system", "<system-reminder>b</system-reminder>"))
        out, _ = fit(request, "anthropic", Quirks(late_system=False, adaptive=False))
        assert out.messages == (msg("user", "a", "<system-reminder>b</system-reminder>"),)

    def test_templates_that_allow_one_system_message(self) -> None:
        """Where late system messages are refused, all leading ones become one prompt."""
        request = ask(msg("system", "b"), msg("user", "c"), origin="openai-chat", system=(text("a"),))
        out, _ = fit(request, "openai-chat", Quirks(late_system=False))
        assert (out.system, out.messages) == ((text("a"), text("b")), (msg("user", "c"),))

    @pytest.mark.parametrize("protocol", ["anthropic", "openai-chat", "openai-responses"])
    def test_results_still_follow_their_calls(self, protocol: Protocol) -> None:
        """A system message between a call and its result moves behind the result."""
        request = ask(
            msg("user", "a"), msg("assistant", call("c")), msg("system", "s"), msg("user", result("c")), origin="gemini"
        )
        out, _ = fit(request, protocol)
        assert out.messages[2].parts[0] == result("c")
        rest = [part for message in out.messages[2:] for part in message.parts][1:]
        assert [part.text for part in rest if isinstance(part, Text)] in (["s"], ["<system-reminder>\ns\n</system-reminder>"])

    def test_nothing_but_system(self) -> None:
        """A request of system messages alone still has a user message, and the receipt says so."""
        out, losses = fit(ask(msg("system", "a"), msg("system", "b"), origin="openai-chat"), "anthropic")
        assert (out.system, out.messages) == ((text("a"),), (msg("user", "b"),))
        assert losses == [("changed", "messages[1].role")]

    @pytest.mark.parametrize("protocol", OTHERS)
    def test_the_billing_line_leaves(self, protocol: Protocol) -> None:
        """Claude Code's volatile first block would ruin other vendors' prefix caches."""
        out, losses = fit(ask(system=(text("x-anthropic-billing-header: cc_version=1;"), text("b"))), protocol)
        assert out.system == (text("b"),)
        assert losses == [("dropped", "system[0]")]

    def test_other_first_blocks_stay(self) -> None:
        """Only that line, and only at the head."""
        request = ask(system=(text("a"), text("x-anthropic-billing-header: b")))
        assert fit(request, "openai-chat")[0] is request


class TestTools:
    """Tools that the target may have, and those that it may not."""

    @pytest.mark.parametrize("protocol", OTHERS)
    def test_deferred_ones_become_plain(self, protocol: Protocol) -> None:
        """The placeholder leaves, loaded tools are sent, and a reference to one becomes text."""
        loaded = Opaque(protocol="anthropic", kind="tool_reference", raw={"type": "tool_reference", "tool_name": "WebFetch"})
        request = ask(
            msg("assistant", call("c")),
            msg("user", result("c", loaded)),
            tools=(
                BASH,
                Tool(name="DeferredToolPlaceholder", deferred=True),
                Tool(name="WebFetch", deferred=True, cache="5m"),
            ),
        )
        out, losses = fit(ask(msg("user", "a"), *request.messages, tools=request.tools), protocol)
        assert out.tools == (BASH, Tool(name="WebFetch"))
        assert out.messages[2].parts == (result("c", text("[tool loaded: WebFetch]")),)
        assert losses == []

    def test_a_smaller_anthropic_dialect_knows_no_deferred_tools(self) -> None:
        """An endpoint without Anthropic's newer modes gets plain tools, and keeps the cache marks."""
        request = ask(tools=(Tool(name="DeferredToolPlaceholder", deferred=True), Tool(name="A", deferred=True, cache="5m")))
        assert fit(request, "anthropic", Quirks(adaptive=False))[0].tools == (Tool(name="A", cache="5m"),)

    @pytest.mark.parametrize("protocol", OTHERS)
    def test_hosted_ones_leave_with_a_loss(self, protocol: Protocol) -> None:
        """A tool that runs at another vendor cannot come along."""
        out, losses = fit(ask(tools=(WEB, BASH), tool_choice=ToolChoice(mode="required")), protocol)
        assert out.tools == (BASH,)
        assert out.tool_choice == ToolChoice(mode="required")
        assert losses == [("dropped", "tools[0]")]

    @pytest.mark.parametrize("choice", [ToolChoice(mode="tool", name="web_search"), ToolChoice(mode="required")])
    def test_forcing_one_that_leaves_is_refused(self, choice: ToolChoice) -> None:
        """The client hears which tool, why, and what to do."""
        with pytest.raises(RequestError, match="web_search") as caught:
            fit(ask(tools=(WEB,), tool_choice=choice), "openai-chat")
        assert (caught.value.kind, caught.value.param) == ("invalid_request", "tool_choice")
        assert "map this model" in (caught.value.hint or "")

    @pytest.mark.parametrize("tools", [(), (WEB,)])
    def test_no_tools_no_choice(self, tools: tuple[Tool, ...]) -> None:
        """Without tools there is nothing to choose from, and nothing to call in parallel."""
        out, _ = fit(ask(tools=tools, tool_choice=ToolChoice(mode="auto"), parallel_tools=False), "openai-chat")
        assert (out.tools, out.tool_choice, out.parallel_tools) == ((), None, None)

    def test_inline_tools_become_plain(self) -> None:
        """Codex's additional_tools are tools like others elsewhere; the item that held them leaves silently."""
        item = Opaque(protocol="openai-responses", kind="additional_tools", raw={"type": "additional_tools"})
        request = ask(
            msg("developer", item), msg("user", "a"), origin="openai-responses", tools=(Tool(name="exec", inline=True),)
        )
        out, losses = fit(request, "openai-chat")
        assert (out.tools, out.messages, losses) == ((Tool(name="exec"),), (msg("user", "a"),), [])
        assert fit(request, "openai-responses") == (request, [])
        assert fit(request, "openai-responses", Quirks(native_responses=False))[0].tools == (Tool(name="exec"),)

    def test_a_tool_announced_twice_is_sent_once(self) -> None:
        """Upstreams refuse two tools of one name; the later definition is the loaded one."""
        out, _ = fit(ask(tools=(BASH, Tool(name="Bash", description="new"))), "openai-chat")
        assert out.tools == (Tool(name="Bash", description="new"),)

    @pytest.mark.parametrize(
        "allowed", [[{"type": "function", "name": "Bash"}], {"tools": [{"type": "function", "function": {"name": "Bash"}}]}]
    )
    def test_allowed_tools_narrow_the_list(self, allowed: Any) -> None:
        """OpenAI's choice among some tools becomes a shorter list elsewhere; at home it stays a choice."""
        choice = ToolChoice(mode="required", extra={"allowed_tools": allowed})
        request = ask(origin="openai-responses", tools=(BASH, Tool(name="Other")), tool_choice=choice)
        out, losses = fit(request, "anthropic")
        assert (out.tools, out.tool_choice) == ((BASH,), ToolChoice(mode="required"))
        assert losses == [("changed", "tool_choice.allowed_tools")]
        assert fit(request, "openai-responses")[0] is request

    def test_upstreams_that_cannot_be_forced(self) -> None:
        """A forced tool becomes a free choice where forcing is refused, with a loss."""
        request = ask(tools=(BASH,), tool_choice=ToolChoice(mode="tool", name="Bash"), parallel_tools=False)
        out, losses = fit(request, "openai-chat", Quirks(forced_tool_choice=False, parallel_flag=False))
        assert out.tool_choice == ToolChoice(mode="auto")
        assert out.parallel_tools is None
        assert losses == [("dropped", "parallel_tool_calls"), ("changed", "tool_choice")]

    @pytest.mark.parametrize(
        ("thinking", "off"),
        [
            (Thinking(effort="high"), True),
            (Thinking(mode="on", budget=2000), True),
            (Thinking(mode="adaptive"), True),
            (Thinking(effort="none"), False),
            (Thinking(mode="off"), False),
        ],
    )
    def test_forcing_and_thinking(self, thinking: Thinking, off: bool) -> None:
        """Anthropic refuses the pair: the forced tool wins. Elsewhere, and where the quirk allows it, both stay."""
        request = ask(origin="openai-chat", tools=(BASH,), tool_choice=ToolChoice(mode="required"), thinking=thinking)
        out, losses = fit(request, "anthropic")
        assert out.thinking == (Thinking(mode="off") if off else thinking)
        assert losses == ([("changed", "thinking")] if off else [])
        assert fit(request, "anthropic", Quirks(forced_tool_choice_with_thinking=True))[0] is request
        assert fit(request, "openai-responses")[0] is request


class TestParts:
    """Blocks and media that the target cannot hold."""

    @pytest.mark.parametrize("protocol", OTHERS)
    def test_foreign_blocks_become_placeholders(self, protocol: Protocol) -> None:
        """The model and the receipt both see that something was there."""
        block = Opaque(protocol="anthropic", kind="web_search_tool_result", raw={})
        out, losses = fit(ask(msg("user", "a"), msg("assistant", block)), protocol)
        [part] = out.messages[1].parts
        assert isinstance(part, Text)
        assert "web_search_tool_result" in part.text
        assert losses == [("placeholder", "messages[1].content[0]")]

    @pytest.mark.parametrize("protocol", OTHERS)
    def test_cache_marks_leave_silently(self, protocol: Protocol) -> None:
        """They are hints, of one protocol only."""
        request = ask(msg("user", text("a", cache="1h")), system=(text("s", cache="5m"),), tools=(Tool(name="A", cache="5m"),))
        out, losses = fit(request, protocol)
        assert out == ask(msg("user", "a"), system=(text("s"),), tools=(Tool(name="A"),))
        assert losses == []

    def test_cache_marks_on_calls_and_results_leave(self) -> None:
        """Also those on tool calls, results and what is in them."""
        marked = ToolCall(id="c", name="Bash", arguments="{}", cache="5m")
        answer = result("c", text("x", cache="5m"), cache="5m")
        out, _ = fit(ask(msg("user", "a"), msg("assistant", marked), msg("user", answer)), "openai-responses")
        assert out.messages[1:] == (msg("assistant", call("c")), msg("user", result("c", text("x"))))

    @pytest.mark.parametrize(("kind", "quirks"), [("image", Quirks(images=False)), ("document", Quirks(documents=False))])
    def test_refused_media_become_placeholders(self, kind: Any, quirks: Quirks) -> None:
        """A model without eyes is told that something was shown, at home too."""
        part = Media(kind=kind, data="aGk=", name="a.pdf")
        for protocol in FOREIGN:
            out, losses = fit(ask(msg("user", part, "look")), protocol, quirks)
            placeholder = out.messages[0].parts[0]
            assert isinstance(placeholder, Text)
            assert f"[{kind} a.pdf: left out" in placeholder.text
            assert losses == [("placeholder", "messages[0].content[0]")]

    @pytest.mark.parametrize(
        ("protocol", "quirks"),
        [
            ("openai-chat", Quirks()),
            ("anthropic", Quirks(image_results=False)),
            ("openai-responses", Quirks(image_results=False)),
        ],
    )
    def test_images_leave_results_that_are_text_only(self, protocol: Protocol, quirks: Quirks) -> None:
        """They stand right behind all results, and say to which call they belong."""
        request = ask(
            msg("user", "a"),
            msg("assistant", call("c"), call("d")),
            msg("user", result("c", IMAGE), result("d"), "e"),
            origin="gemini",
        )
        out, losses = fit(request, protocol, quirks)
        first, second, note, image, last = out.messages[2].parts
        assert first == result("c", text("[image: shown in the next message]"))
        assert (second, image, last) == (result("d"), IMAGE, text("e"))
        assert isinstance(note, Text)
        assert "tool call c" in note.text
        assert losses == []

    def test_bookkeeping_is_no_loss(self) -> None:
        """Ids and states that Codex repeats with every item, and what it says of storing, leave without a word."""
        request = ask(
            msg("user", "a", extra={"id": "msg_1"}),
            msg("assistant", text("b", extra={"item": {"id": "msg_2"}, "logprobs": []}), origin_call := call("c")),
            msg("user", result("c", extra={"status": "completed"})),
            origin="openai-responses",
            extra={"store": False, "include": ["reasoning.encrypted_content"], "client_metadata": {}, "truncation": "auto"},
        )
        out, losses = fit(request, "openai-chat")
        said = msg("assistant", text("b", extra={"logprobs": []}), origin_call)
        assert out.messages == (msg("user", "a"), said, msg("user", result("c")))
        assert out.extra == {"truncation": "auto"}
        assert losses == []
        assert fit(request, "openai-responses")[0] is request

    def test_storing_is_not_passed_over(self) -> None:
        """Who asks for an answer to be stored must hear that it was not."""
        out, _ = fit(
            ask(origin="openai-responses", extra={"store": True, "include": ["file_search_call.results"]}), "openai-chat"
        )
        assert out.extra == {"store": True, "include": ["file_search_call.results"]}

    def test_empty_text_and_empty_messages_leave(self) -> None:
        """Upstreams refuse empty blocks; there is nothing in them to lose."""
        request = ask(msg("user", "a", ""), msg("assistant", ""), msg("assistant"), msg("user", "b"), system=(text(""),))
        out, losses = fit(request, "openai-chat")
        assert (out.messages, out.system, losses) == ((msg("user", "a"), msg("user", "b")), (), [])

    def test_refusals_become_text(self) -> None:
        """Anthropic has no block for them; the words stay."""
        request = ask(msg("user", "a"), msg("assistant", Refusal(text="no"), Refusal(text="")), origin="openai-chat")
        assert fit(request, "anthropic")[0].messages[1] == msg("assistant", "no")
        assert fit(request, "openai-responses")[0] is request


class TestHistory:
    """Calls and results find each other."""

    def test_an_orphan_result_becomes_text(self) -> None:
        """A result whose call was compacted away stays readable."""
        out, losses = fit(ask(msg("user", result("gone", text("42"), IMAGE), "b")), "openai-chat")
        head, *rest = out.messages[0].parts
        assert head == text("[tool result for unknown call gone]")
        assert rest[0] == text("42") or rest[0] == text("[image: shown in the next message]")
        assert ("changed", "messages[0].content[0]") in losses

    @pytest.mark.parametrize("tail", [(), (msg("user", "b"),), (msg("assistant", "b"),)])
    def test_a_call_without_result_gets_one(self, tail: tuple[Message, ...]) -> None:
        """Anything may follow such a call, also nothing."""
        out, losses = fit(ask(msg("user", "a"), msg("assistant", call("c")), *tail), "openai-responses")
        after = out.messages[2]
        [added] = [part for part in after.parts if isinstance(part, ToolResult)]
        assert after.role == "user"
        assert after.parts[0] is added
        assert added.call_id == "c"
        assert added.parts == (text("[no result: the conversation holds none for this call]"),)
        assert losses == [("changed", "messages[1].content[0]")]

    def test_a_second_result_for_one_call_is_an_orphan(self) -> None:
        """Upstreams take one result per call; the other one stays as text."""
        out, losses = fit(
            ask(msg("user", "a"), msg("assistant", call("c")), msg("user", result("c"), result("c")), origin="gemini"),
            "anthropic",
        )
        assert out.messages[2].parts == (result("c"), text("[tool result for unknown call c]"), text("ok"))
        assert losses == [("changed", "messages[2].content[1]")]

    def test_an_id_may_be_used_again(self) -> None:
        """Small models number their calls from 0 in every turn: each call keeps its own result."""
        turn = (msg("assistant", call("call_0")), msg("user", result("call_0")))
        request = ask(msg("user", "a"), *turn, *turn)
        assert fit(request, "openai-chat")[0] is request

    def test_results_come_before_words(self) -> None:
        """Text that stood before or between results moves behind them, in order."""
        request = ask(msg("user", "a"), msg("assistant", call("c"), call("d")), msg("user", "x", result("c"), "y", result("d")))
        assert fit(request, "openai-chat")[0].messages[2] == msg("user", result("c"), result("d"), "x", "y")

    def test_neighbours_merge_where_roles_alternate(self) -> None:
        """Parallel calls that came as separate items are one message for Chat and Anthropic; Responses keeps items apart."""
        request = ask(
            msg("user", "a"),
            msg("user", "b"),
            msg("assistant", call("c")),
            msg("assistant", call("d")),
            msg("user", result("d")),
            msg("user", result("c")),
            origin="gemini",
        )
        merged = (msg("assistant", call("c"), call("d")), msg("user", result("d"), result("c")))
        assert fit(request, "anthropic")[0].messages == (msg("user", "a", "b"), *merged)
        assert fit(request, "openai-chat")[0].messages == (msg("user", "a"), msg("user", "b"), *merged)
        out = fit(request, "openai-responses")[0].messages
        assert [part for message in out for part in message.parts if isinstance(part, ToolResult)] == [result("c"), result("d")]

    def test_the_first_message_is_the_users(self) -> None:
        """Anthropic and Gemini refuse a conversation that the assistant begins."""
        out, losses = fit(ask(msg("assistant", "a"), origin="openai-chat"), "anthropic")
        assert [message.role for message in out.messages] == ["user", "assistant"]
        assert losses == [("changed", "messages[0]")]
