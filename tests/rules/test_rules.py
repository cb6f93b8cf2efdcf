"""Every rule of conversion has a test that states it. The numbers are those of the project's list of conversion bugs; the words
are here, so that the table can be read alone. A rule without a test, or with one that is gone, fails.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
C, CHAT, R = "protocols/anthropic/test_anthropic_", "protocols/openai_chat/test_chat_", "protocols/openai_responses/test_"
RULES: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "parts start and end once, deltas name an open part",
        ("types/test_events.py::test_illegal", "laws/test_laws.py::test_written"),
    ),
    2: (
        "one kind per part; flapping thinking is joined",
        (f"{CHAT}stream.py::test_thinking_that_flaps_is_not_chopped_into_dozens",),
    ),
    3: ("empty deltas are no events", (f"{CHAT}stream.py::test_vendors_habits_become_these_parts",)),
    4: (
        "the first id and name win; a start waits for its name",
        (
            f"{R}stream_read.py::test_a_call_waits_for_its_name",
            f"{CHAT}stream.py::test_ids_that_are_missing_or_repeated_are_made_the_same_way_each_time",
        ),
    ),
    5: (
        "interleaved calls are put in a row",
        ("types/test_sequence.py::test_the_sequencer_streams_the_lowest_part", f"{C}stream_writer.py::test_interleaved_parts"),
    ),
    6: ("blocks become dense tool call indexes", (f"{CHAT}writer.py::test_parts_as_deltas",)),
    7: (
        "empty arguments erase nothing, and become an object",
        (
            f"{R}stream_read.py::test_a_later_text_never_repeats_or_erases",
            f"{R}stream_read.py::test_arguments_that_come_only_once",
            f"{C}outgoing.py::test_arguments",
        ),
    ),
    8: (
        "one message_delta, with complete usage",
        ("rules/test_conversion.py::test_usage_is_whole_and_in_each_protocol_s_arithmetic",),
    ),
    9: ("a tool call is the reason to stop", ("rules/test_conversion.py::test_a_tool_call_is_the_reason_to_stop",)),
    10: ("thinking, one signature, then text", (f"{C}stream_writer.py::test_sequence",)),
    11: (
        "bytes may be cut anywhere",
        ("protocols/test_sse.py::test_line_ends", "protocols/test_sse.py::test_long_line", "laws/test_laws.py::test_any_cut"),
    ),
    12: (
        "JSON for a stream and a stream as JSON",
        (
            "server/test_relay.py::test_json_for_a_stream_request_becomes_the_clients_stream",
            "server/test_relay.py::test_a_stream_with_a_json_content_type_is_a_stream",
        ),
    ),
    13: (
        "no end is an error",
        (
            "rules/test_conversion.py::test_a_stream_without_its_end_is_an_error",
            "server/test_relay.py::test_a_cut_stream_is_never_presented_as_finished",
        ),
    ),
    14: (
        "silence is filled, and bounded",
        ("server/test_relay.py::test_a_silent_upstream_is_found_dead_while_the_client_is_kept_alive",),
    ),
    15: (
        "the client's name for the model",
        (
            "rules/test_conversion.py::test_the_client_hears_the_name_that_it_asked_for",
            "server/test_relay.py::test_a_stream_reaches_the_client_in_its_own_protocol",
        ),
    ),
    16: (
        "calls and results belong together",
        (
            "protocols/test_adapt.py::test_an_orphan_result_becomes_text",
            "protocols/test_adapt.py::test_a_call_without_result_gets_one",
            "protocols/test_adapt.py::test_neighbours_merge_where_roles_alternate",
        ),
    ),
    17: ("results before words", ("protocols/test_adapt.py::test_results_come_before_words",)),
    18: (
        "results of every form",
        (
            f"{C}request.py::test_tool_result_content",
            f"{CHAT}request.py::test_an_error_flag_is_words_and_back",
            f"{R}request_write.py::test_an_empty_result_is_an_empty_string",
        ),
    ),
    19: (
        "no tools, no choice; empty content as the target takes it",
        (
            "protocols/test_adapt.py::test_no_tools_no_choice",
            f"{CHAT}response.py::test_content_is_null_only_beside_calls_or_a_refusal",
            f"{C}outgoing.py::test_empty_texts",
        ),
    ),
    20: (
        "long names and ids come back",
        (
            "rules/test_conversion.py::test_a_name_that_is_too_long_comes_back_whole",
            "protocols/test_tools.py::test_ids_are_made_legal_consistently",
        ),
    ),
    21: ("schemas untouched", ("rules/test_conversion.py::test_a_schema_goes_through_as_it_is",)),
    22: (
        "thinking goes back to who wants it",
        (
            "protocols/test_seals.py::test_thinking_goes_back_to_a_vendor_that_wants_it",
            "server/test_relay_seals.py::test_stripped_thinking_returns_on_the_verbatim_lane",
        ),
    ),
    23: (
        "seals go to their maker only",
        (
            "protocols/test_seals.py::test_after_a_switch_no_seal_goes_elsewhere",
            "protocols/test_seals.py::test_a_seal_comes_back_to_its_maker",
            "server/test_relay_seals.py::test_a_refused_seal_is_taken_out_once",
        ),
    ),
    24: (
        "cache marks",
        (
            "rules/test_conversion.py::test_own_cache_marks_stay_where_they_are",
            "rules/test_conversion.py::test_marks_are_set_for_clients_that_have_none",
        ),
    ),
    25: ("the billing line, a stable cache key", ("rules/test_conversion.py::test_the_billing_line_is_anthropic_s_own",)),
    26: ("suffixes of model names", ("routing/test_mapping.py::test_plain_strips_only_a_suffix_in_brackets",)),
    27: (
        "headers are an allow-list",
        (
            "server/test_relay.py::test_the_clients_credentials_never_travel",
            "server/test_relay.py::test_hostile_response_headers_stay_here",
        ),
    ),
    28: ("unknown fields kept or reported", ("rules/test_conversion.py::test_what_nobody_knows_is_reported",)),
    29: (
        "free-text tools",
        (
            "protocols/test_tools.py::test_a_custom_tool_becomes_a_function",
            "protocols/test_tools.py::test_calls_come_back",
            "protocols/test_unwrap.py::test_what_models_write",
            "protocols/test_trim.py::test_patches",
        ),
    ),
    30: (
        "namespaces",
        ("protocols/test_tools.py::test_a_namespace_is_flattened_everywhere", "protocols/test_tools.py::test_out_and_back"),
    ),
    31: (
        "tool_search and hosted tools",
        ("protocols/test_search.py::test_a_call_becomes_an_item", "protocols/test_adapt.py::test_hosted_ones_leave_with_a_loss"),
    ),
    32: (
        "compressed bodies",
        (
            "server/test_handlers.py::test_compressed_bodies_are_read",
            "server/test_bodies.py::test_each_coding_and_each_stack_of_two_is_undone",
            "server/test_handlers.py::test_a_bomb_is_413_and_costs_little",
        ),
    ),
    33: ("the websocket is 426", ("server/test_handlers.py::test_the_websocket_of_responses_is_426",)),
    34: (
        "compaction",
        (
            "protocols/test_compaction.py::test_the_answer_is_one_item_that_comes_back_as_text",
            "protocols/test_compaction.py::test_a_second_trigger_is_refused",
            "protocols/test_compaction.py::test_vendors_that_have_it_get_it_as_it_is",
            "server/test_refusals.py::test_compacting_has_its_own_endpoint",
        ),
    ),
    35: ("encrypted reasoning is its channel's", ("protocols/test_seals.py::test_encrypted_reasoning_is_its_channel_s",)),
    36: (
        "state of another vendor is refused",
        (
            "server/test_refusals.py::test_it_is_refused_before_anybody_is_asked",
            "server/test_refusals.py::test_an_upstream_of_its_own_protocol_decides_for_itself",
            "protocols/test_adapt.py::test_storing_is_not_passed_over",
        ),
    ),
    37: (
        "one terminal event, consistent ids",
        (
            f"{R}stream_write.py::test_text_word_by_word",
            f"{R}stream_write.py::test_ids_are_legal_and_stable",
            f"{R}stream_write.py::test_usage",
        ),
    ),
    38: ("tokens are always counted", ("server/test_handlers.py::test_tokens_are_always_counted",)),
    39: (
        "too long, in the client's words",
        (
            "protocols/test_overflow.py::test_overflow_words",
            f"{C}errors.py::test_context_length",
            "rules/test_too_long.py::test_every_client_hears_it_in_its_own_words",
        ),
    ),
    40: ("models in the asker's shape", ("server/test_handlers.py::test_models_come_in_both_shapes",)),
    41: ("an unknown model is told", ("server/test_handlers.py::test_an_unknown_model_is_404_with_the_nearest_name",)),
    42: (
        "usage is counted once",
        (
            "rules/test_conversion.py::test_usage_is_whole_and_in_each_protocol_s_arithmetic",
            f"{C}response.py::test_usage_that_nobody_told",
            f"{CHAT}stream.py::test_usage_is_found_wherever_vendors_put_it",
        ),
    ),
}


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests, those of its classes too."""
    tree = ast.parse((TESTS / path).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_no_rule_is_missing() -> None:
    """1 to 42, each with words and with a test."""
    assert list(RULES) == list(range(1, 43))
    assert all(words and tests for words, tests in RULES.values())


@pytest.mark.parametrize("number", RULES)
def test_its_tests_exist(number: int) -> None:
    """The tests that state the rule are where the table says."""
    for test in RULES[number][1]:
        path, _, name = test.partition("::")
        assert name in names_in(path), f"rule {number}: {test} is gone"
