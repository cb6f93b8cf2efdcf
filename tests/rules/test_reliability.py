"""Every fault and every threat of the reliability contract has a test that states it. The numbers are those of the project's two
tables; the words are here, so that this can be read alone. A row without a test, or with one that is gone, fails; so does one that
no test can state here, unless it says why.
"""

# ruff: noqa: E501  # tables
from typing import NamedTuple

import pytest

from tests.rules.test_rules import names_in

F, CF, UL = "faults/test_faults.py::test_", "faults/test_client_faults.py::test_", "faults/test_under_load.py::test_"
S, T = "server/test_", "threats/test_"
MATRIX = f"{F}an_upstream_fails"


class Row(NamedTuple):
    """What it is, the tests that state it, and where there is none the reason."""

    words: str
    tests: tuple[str, ...] = ()
    why_not: str = ""


FAULTS: dict[int, Row] = {
    1: Row("connect refused", (f"{F}1_nobody_listens", f"{S}places.py::test_a_closed_port_is_tried_twice")),
    2: Row("no such host", (f"{F}2_no_such_host",)),
    3: Row("a certificate that nobody trusts", (f"{F}3_a_certificate_that_nobody_trusts",)),
    4: Row("TLS to a plain port", (f"{F}4_tls_to_a_port_that_does_not_speak_it",)),
    5: Row("connecting takes for ever", (f"{F}5_a_host_that_does_not_answer_the_door",)),
    6: Row("no headers", (MATRIX,)),
    7: Row("a slow first byte", (f"{F}7_a_slow_first_byte_is_waited_for",)),
    8: Row("a stall", (MATRIX, f"{S}relay.py::test_a_silent_upstream_is_found_dead_while_the_client_is_kept_alive")),
    9: Row("an end before the end", (MATRIX, "faults/test_sdks.py::test_a_broken_answer_is_an_exception")),
    10: Row("reset in the middle", (MATRIX,)),
    11: Row("content-length short", (MATRIX, f"{S}wire.py::test_what_is_no_complete_answer_breaks", f"{S}borrowed.py::test_what_breaks_is_said")),
    12: Row("a body that ends with the connection", (MATRIX,)),
    13: Row("garbage between events", (MATRIX,)),
    14: Row("an unknown event", (MATRIX,)),
    15: Row("cut at every byte", (f"{F}15_every_byte_by_itself", "laws/test_laws.py::test_any_cut")),
    16: Row("an event without an end", (MATRIX,)),
    17: Row("502 with HTML", (MATRIX,)),
    18: Row("an error under 200", (f"{F}18_an_error_under_status_200",)),
    19: Row("a page under 200", (MATRIX,)),
    20: Row("an empty stream", (MATRIX,)),
    21: Row("429 with seconds", (MATRIX, f"{S}places.py::test_a_channel_that_asked_for_rest_is_left_alone")),
    22: Row("429 with a date", (MATRIX,)),
    23: Row("429 with milliseconds", (MATRIX,)),
    24: Row("429 for thirty years", (MATRIX, f"{S}places.py::test_no_client_is_told_to_wait_for_an_hour")),
    25: Row("a spent account", (f"{F}25_a_spent_account_is_not_asked_again",)),
    26: Row("overloaded once", (f"{F}26_overloaded_once", f"{S}places.py::test_what_passes_by_itself_is_tried_once_more")),
    27: Row("500 always", (MATRIX, f"{S}places.py::test_retries_have_a_budget")),
    28: Row("401 for one of two keys", (f"{S}places.py::test_the_other_secret_serves_when_one_is_refused",)),
    29: Row("401 for all", (MATRIX, f"{S}relay.py::test_a_providers_401_is_not_worth_the_clients_retries")),
    30: Row("other 4xx", (MATRIX,)),
    31: Row("413", (MATRIX,)),
    32: Row("408 and 409", (MATRIX,)),
    33: Row("redirects", (MATRIX, f"{T}hostile.py::test_credentials_and_bodies_never_follow_a_redirect")),
    34: Row("headers too large, no HTTP", (MATRIX,)),
    35: Row("a client leaves before the first byte", (f"{S}relay.py::test_a_client_that_leaves_cancels_the_upstream",)),
    36: Row("a client leaves in the middle", (f"{S}relay.py::test_a_client_that_leaves_early_is_charged_for_what_was_said",)),
    37: Row("half closed", (f"{CF}37_half_closed_is_gone",)),
    38: Row("all leave at once", (f"{CF}38_many_clients_vanish_at_once",)),
    39: Row("closed twice, cancelled while closing", (f"{CF}38_many_clients_vanish_at_once", "soak/test_soak.py::test_nothing_is_left_of_a_thousand_streams")),
    40: Row(
        "a client that does not read",
        (
            f"{S}client.py::test_a_client_that_stops_reading_is_let_go",
            f"{S}client.py::test_while_one_stalls_others_are_served",
            f"{S}client.py::test_a_slow_client_is_not_a_dead_upstream",
            "soak/test_soak.py::test_clients_that_do_not_read_are_cheap",
        ),
    ),
    41: Row("an upload that stalls or trickles", (f"{CF}41_an_upload_that_stalls", f"{S}connections.py::test_an_upload_that_trickles_on_ends_too")),
    42: Row("a head that never ends", (f"{S}connections.py::test_headers_that_never_end_are_not_waited_for",)),
    43: Row("a body of a terabyte", (f"{CF}43_a_body_of_a_terabyte",)),
    44: Row("compressed bodies", (f"{S}handlers.py::test_compressed_bodies_are_read", f"{T}hostile.py::test_bombs_cost_milliseconds")),
    45: Row("malformed bodies", (f"{S}handlers.py::test_a_broken_body_is_400_with_what_is_wrong", f"{T}hostile.py::test_hostile_requests_get_nowhere")),
    46: Row("32 MB of tiny objects", ("faults/test_huge.py::test_46_a_huge_body_of_tiny_objects",)),
    47: Row("SIGTERM when idle", (f"{S}app.py::test_a_signal_ends_an_idle_server_cleanly",)),
    48: Row(
        "SIGTERM with streams",
        (
            f"{UL}48_a_drain_ends_every_stream_in_its_protocol",
            f"{S}app.py::test_a_drain_lets_a_stream_finish",
            f"{S}lifecycle.py::test_a_drain_that_is_over_ends_streams_with_the_protocols_own_error",
        ),
    ),
    49: Row("a second signal", (f"{S}lifecycle.py::test_signals_end_a_busy_server_in_time", f"{S}tree_ends.py::test_a_key_ends_the_server_once")),
    50: Row("SIGKILL", (f"{T}system.py::test_a_killed_server_has_kept_what_it_had_shown",)),
    51: Row("a power cut", (), "no test here can cut the power; the store runs SQLite's WAL, whose promise it is"),
    52: Row("a full disk", ("faults/test_disk.py::test_52_a_full_disk_costs_nobody_an_answer", "trace/test_writer.py::test_a_full_disk")),
    53: Row("a locked store", (f"{CF}53_a_store_that_somebody_locks", "trace/test_writer.py::test_a_locked_file")),
    54: Row("a damaged store", (f"{CF}54_to_57_a_store_in_trouble_costs_nobody_an_answer", "trace/test_database.py::test_a_damaged_file_is_set_aside")),
    55: Row("damage that does not show", ("trace/test_writer.py::test_damage_that_shows_while_writing", "cli/checks/test_files.py::test_the_trace_store")),
    56: Row("a store of a later version", (f"{CF}54_to_57_a_store_in_trouble_costs_nobody_an_answer", "trace/test_database.py::test_a_later_version_is_left_alone")),
    57: Row("a store that is deleted", ("trace/test_writer.py::test_a_file_that_is_deleted_meanwhile",)),
    58: Row("a broken configuration", (f"{S}handlers.py::test_a_broken_config_keeps_the_last_good_one", f"{UL}60_reloads_under_load_drop_nothing")),
    59: Row("a configuration that cannot be read", ("config/test_store.py::test_what_cannot_be_read_is_a_sentence", "config/test_files.py::test_a_circle_of_links_is_refused")),
    60: Row("reloads under load", (f"{UL}60_reloads_under_load_drop_nothing",)),
    61: Row("a taken port", (f"{S}app.py::test_a_taken_port_names_its_holder", f"{T}squatter.py::test_serve_names_who_holds_its_port")),
    62: Row("two servers", (f"{S}lifecycle.py::test_a_second_server_in_the_same_folder_is_refused",)),
    63: Row("a lock that was left", (f"{S}app.py::test_a_killed_server_leaves_nothing_that_stops_the_next_one",)),
    64: Row("a clock that jumps", ("faults/test_clock.py::test_64_the_clock_jumps",)),
    65: Row("a thousand streams", ("soak/test_soak.py::test_nothing_is_left_of_a_thousand_streams",)),
    66: Row("no files left", (f"{UL}66_more_clients_than_files", f"{S}lifecycle.py::test_a_server_without_files_stays_alive")),
    67: Row("idle connections", (f"{UL}67_thousands_of_idle_connections", f"{S}connections.py::test_of_too_many_idle_connections_the_oldest_are_closed")),
    68: Row("many connect at once", (f"{UL}67_thousands_of_idle_connections",)),
    69: Row("a locked keyring", ("config/test_secrets_keyring.py::test_a_locked_keyring_is_a_sentence", f"{CF}69_71_72_a_keyring_in_trouble")),
    70: Row("no keyring", (f"{CF}70_no_keyring",)),
    71: Row("a keyring that hangs", ("config/test_secrets_keyring.py::test_a_daemon_that_hangs_costs_the_timeout_and_no_more", f"{CF}69_71_72_a_keyring_in_trouble")),
    72: Row("a keyring that was killed", ("config/test_secrets_keyring.py::test_a_keyring_that_was_never_unlocked_is_a_sentence", f"{CF}69_71_72_a_keyring_in_trouble")),
    73: Row("a secret that is replaced", (f"{UL}73_a_secret_that_is_replaced_under_load", f"{S}places.py::test_a_secret_that_was_replaced_is_noticed_without_a_word")),
    74: Row("the log", ("cli/test_log_file.py::test_it_is_begun_anew", "cli/test_log_file.py::test_a_full_disk_costs_lines_only")),
    75: Row("output that is closed or poor", (f"{S}lifecycle.py::test_a_closed_output_ends_a_command_quietly", f"{S}lifecycle.py::test_a_poor_locale_breaks_nothing")),
    76: Row("a watcher that is slow", ("trace/test_feed.py::test_a_slow_reader_loses_deltas_first", "trace/test_feed.py::test_bounds_hold")),
    77: Row("a long silence", (f"{S}relay.py::test_a_silent_upstream_is_found_dead_while_the_client_is_kept_alive", f"{S}keep_alive.py::test_the_vendors_helpers_wait_for_it")),
    78: Row("a pooled connection that was closed", (f"{F}78_a_pooled_connection_that_was_closed",)),
    79: Row("nothing is done twice", (f"{F}79_a_connection_that_breaks_before_the_answer", f"{S}wire.py::test_an_answer_that_had_begun_is_not_asked_for_again", MATRIX)),
    80: Row("one row for each request", (MATRIX, "soak/test_soak.py::test_nothing_is_left_of_a_thousand_streams")),
}  # fmt: skip

THREATS: dict[int, Row] = {
    1: Row("cross-site POST", (f"{T}hostile.py::test_hostile_requests_get_nowhere", f"{T}browser.py::test_a_page_of_another_site_spends_nothing")),
    2: Row("cross-site GET", (f"{T}hostile.py::test_hostile_requests_get_nowhere", f"{T}browser.py::test_a_page_of_another_site_spends_nothing")),
    3: Row("DNS rebinding", (f"{T}browser.py::test_a_rebound_name_is_no_way_in", f"{S}guard.py::test_only_exact_hosts_come_in")),
    4: Row("tricks with Host", (f"{T}hostile.py::test_hostile_requests_get_nowhere", f"{S}guard.py::test_exactly_one_host")),
    5: Row("WebSockets", (f"{T}browser.py::test_a_page_of_another_site_spends_nothing", f"{S}handlers.py::test_the_websocket_of_responses_is_426")),
    6: Row("all interfaces", (f"{S}app.py::test_a_remote_address_needs_to_be_meant",)),
    7: Row("CORS", (f"{S}handlers.py::test_no_response_opens_cors",)),
    8: Row("another local user", (f"{T}system.py::test_another_user_gets_nowhere",)),
    9: Row("the other loopback address", (f"{S}app.py::test_a_taken_port_names_its_holder", f"{S}app.py::test_both_loopback_families_are_bound_on_one_port")),
    10: Row("the port is taken before", (f"{T}squatter.py::test_a_listener_that_cannot_prove_itself_gets_nothing", "config/test_state.py::test_a_squatter_is_told_nothing", "config/test_state.py::test_the_proof_and_what_follows_share_a_connection")),
    11: Row("SO_REUSEPORT", (f"{S}sockets.py::test_nobody_shares_the_port",)),
    12: Row("planted links", (f"{T}system.py::test_a_planted_link_is_not_written_through", f"{S}lifecycle.py::test_the_lock_is_no_way_into_other_files", "cli/test_log_file.py::test_a_link_in_its_place_is_not_followed")),
    13: Row("file modes", (f"{T}system.py::test_whatever_the_umask_files_are_ours_alone",)),
    14: Row("keys in argv", ("cli/test_secret.py::test_what_cannot_be_a_key_is_refused", "clients/test_launch.py::test_no_argument_and_no_repr_holds_the_key")),
    15: Row("keys in the shell's history", ("config/test_refs.py::test_a_key_in_place_of_its_name_is_refused_without_repeating_it",)),
    16: Row("the environment of clients", ("clients/test_claude_code.py::test_lines_take_the_users_key_out_and_extend_no_proxy",)),
    17: Row("looking into the process", (f"{S}process.py::test_nobody_looks_in_from_outside", f"{S}lifecycle.py::test_the_process_keeps_its_secrets_to_itself")),
    18: Row("other programs of the same session read the keyring", (), "cannot be prevented from here; the README says so"),
    19: Row("keyring backends", ("config/test_keyring_helper.py::test_only_real_keyrings_are_on_the_list", "config/test_secrets.py::test_a_backend_that_somebody_names_is_not_used")),
    20: Row("no silent plain text", ("cli/test_secret.py::test_a_file_is_never_written_unasked",)),
    21: Row("redirects", (f"{T}hostile.py::test_credentials_and_bodies_never_follow_a_redirect", f"{S}borrowed.py::test_no_redirect_is_followed")),
    22: Row("response headers", (f"{T}hostile.py::test_a_hostile_stream_is_bounded", f"{S}relay.py::test_hostile_response_headers_stay_here")),
    23: Row("bombs and endless answers", (MATRIX, f"{S}bodies.py::test_a_damaged_or_boundless_response_is_a_protocol_error")),
    24: Row("garbage in JSON", (MATRIX, "laws/test_laws.py::test_mutated")),
    25: Row("errors that repeat the key", (f"{T}system.py::test_the_secret_is_nowhere_but_at_the_upstream", f"{S}relay.py::test_an_upstream_that_echoes_the_secret_does_not_leak_it")),
    26: Row("escapes in what a model says", (f"{T}escapes.py::test_nothing_raw_is_shown", "cli/tail/test_facts.py::test_a_text_is_one_harmless_line")),
    27: Row("escapes in names", (f"{T}hostile.py::test_escapes_in_a_request_stay_out_of_the_log",)),
    28: Row("a project's own files", (f"{T}hostile.py::test_a_projects_own_files_decide_nothing",)),
    29: Row("a request that says where it goes", (f"{T}hostile.py::test_a_request_cannot_say_where_it_goes",)),
    30: Row("TLS", (f"{F}3_a_certificate_that_nobody_trusts", f"{S}wire.py::test_tls_is_checked_and_kept_apart")),
    31: Row("the environment's proxies and .netrc", (f"{T}hostile.py::test_the_environments_proxy_is_not_used", f"{S}borrowed.py::test_the_environment_decides_nothing")),
    32: Row("keys in query strings", (f"{S}gemini.py::test_the_secret_goes_by_googles_header",)),
    33: Row("keys in logs", (f"{T}system.py::test_the_secret_is_nowhere_but_at_the_upstream",)),
    34: Row("keys in traces", ("trace/test_redact.py::test_no_secret_survives", "trace/test_reader.py::test_clearing_leaves_nothing")),
    35: Row("backups of the state folder", (), "an attribute of macOS, where these tests do not run"),
    36: Row("exports", ("trace/test_export.py::test_the_page_is_only_text",)),
    37: Row("clients' files", ("clients/test_killed.py::test_killed_at_every_step", "config/test_files.py::test_a_failed_write_leaves_nothing_behind")),
    38: Row("dependencies", (), "a matter of the release, not of the program; the lock and the wheel are looked at there"),
    39: Row("HTTP parsers", (f"{T}hostile.py::test_hostile_requests_get_nowhere", f"{T}differential.py::test_an_answer_is_what_a_strict_parser_reads")),
    40: Row("request smuggling", (f"{T}hostile.py::test_hostile_requests_get_nowhere", f"{T}differential.py::test_we_serve_only_what_a_strict_parser_reads")),
    41: Row("denial of service", (f"{T}hostile.py::test_bombs_cost_milliseconds", f"{UL}66_more_clients_than_files", f"{UL}67_thousands_of_idle_connections")),
    42: Row("SQL", ("trace/test_reader.py::test_paths_with_odd_characters", "trace/test_reader.py::test_filters")),
    43: Row("endpoints that do things", (f"{T}hostile.py::test_the_routes_are_these",)),
    44: Row("control over HTTP", (f"{T}hostile.py::test_the_routes_are_these",)),
}  # fmt: skip


def test_no_row_is_missing() -> None:
    """80 faults and 44 threats, each with words, and with a test or the reason why there can be none."""
    assert list(FAULTS) == list(range(1, 81))
    assert list(THREATS) == list(range(1, 45))
    for row in (*FAULTS.values(), *THREATS.values()):
        assert row.words
        assert bool(row.tests) != bool(row.why_not)


@pytest.mark.parametrize(
    ("kind", "number"), [("fault", number) for number in FAULTS] + [("threat", number) for number in THREATS]
)
def test_its_tests_exist(kind: str, number: int) -> None:
    """The tests that state the row are where the table says."""
    for test in (FAULTS if kind == "fault" else THREATS)[number].tests:
        path, _, name = test.partition("::")
        assert name in names_in(path), f"{kind} {number}: {test} is gone"
