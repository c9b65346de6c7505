"""Each defence, taken away by one replacement, and the test that has to notice that."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defence:
    """Without it, `old` in that file reads `new`. `noticed_by` is what pytest is given, separated by blanks."""

    name: str
    file: str
    old: str
    new: str
    noticed_by: str


ATTACKS, PROXY = "tests/test_attacks.py", "tests/test_proxy.py"
NAMELESS, GUESSES = "tests/appointments/test_nameless.py", "tests/appointments/test_guesses.py"
FRESH = "tests/accounts/test_fresh_proof.py"
OUTBOX, RETENTION = "tests/appointments/test_outbox.py", "tests/appointments/test_retention.py"
CHAIN = "tests/appointments/test_audit_chain.py"
MESSAGES, NEXT_CALL = "tests/appointments/test_messages.py", "tests/appointments/test_next_call.py"
ARRIVALS, INCOMING = "tests/appointments/test_arrivals.py", "tests/interop/test_incoming.py"

DEFENCES = (
    Defence(
        "only registered programs send answers",
        "interop/views.py",
        "return found[0] if found else None",
        'return found[0] if found else "nobody"',
        f"{INCOMING}::test_only_a_registered_program_may_and_where_there_is_none_there_is_no_such_address",
    ),
    Defence(
        "answers of other programs come by HTTPS only",
        "config/gate.py",
        ', "/fhir/QuestionnaireResponse")',
        ")",
        f"{ATTACKS} -k machine",
    ),
    Defence(
        "what a program sends again is stored once",
        "interop/incoming.py",
        'return uuid.uuid5(uuid.NAMESPACE_URL, terms.address(f"QuestionnaireResponse/{named}"))',
        "return uuid.uuid4()",
        f"{INCOMING}::test_what_is_sent_again_makes_no_second_request_and_changes_nothing",
    ),
    Defence(
        "one program cannot name another's response",
        "interop/incoming.py",
        "json.dumps([client, system, value])",
        "json.dumps([system, value])",
        f"{INCOMING}::test_what_is_sent_again_makes_no_second_request_and_changes_nothing",
    ),
    Defence(
        "a warning sign is answered before any fault",
        "interop/incoming.py",
        "    if journey.stopped:",
        "    if journey.stopped and not faults:",
        f"{INCOMING}::test_a_warning_sign_is_answered_first_whatever_else_is_wrong",
    ),
    Defence(
        "an answer to what is not asked is refused",
        "interop/questionnaire.py",
        "        if answers[key]:",
        "        if False:",
        f"{INCOMING} -k refused_in_words",
    ),
    Defence(
        "one thing is not answered twice",
        "interop/response.py",
        "        if link in seen:",
        "        if False:",
        f"{INCOMING} -k refused_in_words",
    ),
    Defence(
        "text that nobody can store is refused before it is read",
        "interop/incoming.py",
        "        json.dumps(found, ensure_ascii=False).encode()",
        "        pass",
        f"{INCOMING} -k refused_in_words",
    ),
    Defence(
        "a full mailbox does not end an address",
        "appointments/delivery/arrivals.py",
        "if arrival is Arrival.BOUNCED and _is_soft(event.esp_event):",
        "if False:",
        f"{ARRIVALS}::test_a_full_mailbox_is_the_end_of_this_e_mail_and_not_of_the_address",
    ),
    Defence(
        "what nobody in particular did is not sealed one by one",
        "audit/recorder.py",
        "if not nameless.is_counted(entry):",
        "if True:",
        f"{NAMELESS}::test_a_flood_is_counted_and_becomes_one_sealed_entry",
    ),
    Defence(
        "what is counted is sealed",
        "audit/nameless.py",
        "counted = [row for row in rows if row.count]",
        "counted = []",
        f"{NAMELESS}::test_a_flood_is_counted_and_becomes_one_sealed_entry",
    ),
    Defence(
        "a forged call of the provider's address leaves a trace",
        "appointments/delivery/webhook.py",
        "    audit.record(refused, who=nobody, outcome=AuditEntry.Result.REFUSED, status=403)\n",
        "",
        f"{NAMELESS}::test_a_flood_is_counted_and_becomes_one_sealed_entry",
    ),
    Defence(
        "tries at a locked account are counted",
        "audit/listeners.py",
        'if not getattr(request, "axes_locked_out", False):',
        "if True:",
        f"{NAMELESS}::test_who_tries_a_locked_account_is_counted_and_the_account_is_named",
    ),
    Defence(
        "a wrong birthday names the request in the audit",
        "appointments/portal/views.py",
        "(reference)\n    audit.shows(request, [found], action=AuditEntry.Action.LOOK_UP)\n",
        "(reference)\n",
        f"{GUESSES}::test_a_wrong_birthday_leaves_an_entry_at_the_request",
    ),
    Defence(
        "many wrong birthdays close the request online",
        "appointments/portal/guesses.py",
        "if found and wrong >= MOST_WRONG_IN_A_WEEK:",
        "if False:",
        f"{GUESSES}::test_after_many_wrong_birthdays_in_a_week_it_is_closed_online_until_staff_open_it",
    ),
    Defence(
        "a reference of no request is closed as one is",
        "appointments/portal/guesses.py",
        "if is_closed or rate_limit.counted(WRONG_BIRTHDAY, reference) >= MOST_WRONG_IN_A_WEEK:",
        "if is_closed:",
        f"{GUESSES}::test_a_reference_of_no_request_is_closed_as_one_is",
    ),
    Defence(
        "others lock nobody out who was in",
        "appointments/portal/guesses.py",
        'if reference in known.get("references", ()):\n        if rate',
        "if False:\n        if rate",
        f"{GUESSES}::test_who_was_in_before_is_not_locked_out_by_what_others_try",
    ),
    Defence(
        "a browser that was in has only so many tries",
        "appointments/portal/guesses.py",
        'rate_limit.count("status by browser", known["browser"], seconds=AN_HOUR) > MOST_TRIES_PER_REFERENCE',
        "False",
        f"{GUESSES}::test_a_browser_that_was_in_opens_nothing_and_may_not_try_for_ever",
    ),
    Defence(
        "the patient is told of a browser that is new",
        "appointments/portal/guesses.py",
        "        announce.store([announce.OPENED], found)\n",
        "",
        f"{GUESSES}::test_the_patient_is_told_when_it_is_opened_in_a_browser_that_is_new",
    ),
    Defence(
        "guesses by the private link count",
        "appointments/portal/choose.py",
        "            guesses.was_wrong(request, found.reference, found)\n",
        "            pass\n",
        "tests/appointments/test_choose.py::test_birthdays_that_are_guessed_by_the_link_close_the_request_online",
    ),
    *(
        Defence(
            f"a fresh code before {table} change",
            file,
            f"(AfterAFreshCode, {base})",
            f"({base})",
            f"{FRESH}::test_without_a_fresh_code_none_of_them_does_anything",
        )
        for table, file, base in (
            ("accounts", "accounts/admin.py", "UserAdmin"),
            ("groups", "accounts/admin.py", "GroupAdmin"),
            ("known networks", "appointments/admin.py", "TableAdmin"),
        )
    ),
    Defence(
        "a fresh code before what is done with ticked rows",
        "accounts/tables.py",
        'if request.method == "POST" and not second_factor.is_fresh(request):',
        "if False:",
        f"{FRESH}::test_without_a_fresh_code_none_of_them_does_anything",
    ),
    Defence(
        "a fresh code before a calendar feed is made",
        "appointments/staff/calendar_feeds.py",
        "@after_a_fresh_code\n",
        "",
        f"{FRESH}::test_without_a_fresh_code_none_of_them_does_anything",
    ),
    *(
        Defence(
            f"the proxy limits {what}",
            "deploy/nginx.conf",
            f"        limit_req zone={zone} burst={burst} nodelay;\n",
            "",
            PROXY,
        )
        for what, zone, burst in (
            ("all pages", "all", 300),
            ("sign-ins", "sign_in", 20),
            ("look-ups", "look_up", 60),
            ("private links", "private_link", 60),
            ("requests", "visit", 60),
        )
    ),
    Defence(
        "pages with warning signs have processes of their own",
        "deploy/nginx.conf",
        "proxy_pass http://warnings;",
        "proxy_pass http://web;",
        PROXY,
    ),
    Defence(
        "what the proxy says itself has a policy",
        "deploy/nginx.conf",
        "    add_header Content-Security-Policy $own_csp always;\n",
        "",
        PROXY,
    ),
    Defence(
        "a text counts once",
        "appointments/delivery/webhook.py",
        "if number and rate_limit.is_counted(RECEIVED, number):",
        "if False:",
        "tests/appointments/test_outbox.py::test_a_text_that_is_reported_twice_counts_once",
    ),
    Defence(
        "a sign-in with a bad address to go on to ends on Today",
        "accounts/site.py",
        'if request.method == "POST" and response.status_code == 302:',
        "if False:",
        f"{ATTACKS}::test_who_signs_in_with_a_bad_address_to_go_on_to_ends_on_today",
    ),
    Defence(
        "odd numbers are asked back",
        "appointments/intake/forms.py",
        "and is_odd(number):",
        "and False:",
        "tests/appointments/test_inputs.py::test_a_number_that_costs_extra_or_cannot_be_called_is_asked_back_once",
    ),
    Defence(
        "tables in the admin take no quoted addresses either",
        "appointments/admin.py",
        '        models.EmailField: {"form_class": EmailField},\n',
        "",
        "tests/appointments/test_inputs.py::test_no_mail_goes_to_quoted_names_machines_and_control_characters",
    ),
    Defence(
        "a password that is too long is not composed",
        "accounts/passwords.py",
        'return unicodedata.normalize("NFC", password) if len(password) <= LONGEST else password',
        'return unicodedata.normalize("NFC", password)',
        "tests/test_long_input.py::test_nothing_else_that_is_typed_costs_more_than_its_length",
    ),
    Defence(
        "text that is too long is not composed",
        "appointments/fields/text.py",
        'return unicodedata.normalize("NFC", words) if len(words) <= LONGEST_COMPOSED else words',
        'return unicodedata.normalize("NFC", words)',
        "tests/test_worst_input.py::test_no_field_of_any_page_costs_more",
    ),
    Defence(
        "15.3.3: a form takes no field that its page does not have",
        "common/strict_form.py",
        'if hasattr(self.data, "lists") and not',
        "if False and not",
        f"{ATTACKS}::test_a_form_with_a_field_that_its_page_does_not_have_is_refused",
    ),
    Defence(
        "6.5.2: digests of recovery codes are salted and slow",
        "accounts/models.py",
        'hashlib.pbkdf2_hmac("sha256", code.encode(), bytes.fromhex(self.salt), self.ITERATIONS).hex()',
        "hashlib.md5(code.encode()).hexdigest()",
        "tests/accounts/test_second_factor.py::test_a_stolen_table_of_recovery_codes_opens_nothing",
    ),
    Defence(
        "3.3.1: the cookie that opens a request is for HTTPS only",
        "appointments/portal/views.py",
        "secure=settings.SESSION_COOKIE_SECURE",
        "secure=False",
        f"{ATTACKS}::test_every_cookie_is_for_https_out_of_reach_of_scripts_and_not_sent_by_other_sites",
    ),
    Defence(
        "3.3.2: other sites do not send it along",
        "appointments/portal/views.py",
        '        samesite="Lax",\n        secure',
        '        samesite="None",\n        secure',
        f"{ATTACKS}::test_every_cookie_is_for_https_out_of_reach_of_scripts_and_not_sent_by_other_sites",
    ),
    Defence(
        "3.3.3: its name has the prefix",
        "appointments/portal/views.py",
        'COOKIE = f"{settings.COOKIE_PREFIX}status"',
        'COOKIE = "status"',
        "tests/test_settings.py::test_in_production_the_cookies_of_visitors_are_for_this_host_and_for_https_only",
    ),
    Defence(
        "3.3.4: scripts do not read it",
        "appointments/portal/views.py",
        "        httponly=True,\n",
        "",
        f"{ATTACKS}::test_every_cookie_is_for_https_out_of_reach_of_scripts_and_not_sent_by_other_sites",
    ),
    Defence(
        "15.3.6: scripts keep nothing that was sent in objects",
        "appointments/static/upright/staff.js",
        'const search = document.querySelector("form.search");\n',
        'const search = document.querySelector("form.search"), kept = {}; kept[location.hash] = 1;\n',
        "tests/test_own_rules.py::test_scripts_of_ours_keep_nothing_that_was_sent_in_objects",
    ),
    Defence(
        "14.3.1: whoever logs out leaves nothing in the browser",
        "common/forgotten.py",
        '    response["Clear-Site-Data"] = WHAT\n',
        "",
        f"{ATTACKS}::test_whoever_leaves_leaves_nothing_in_the_browser",
    ),
    Defence(
        "9.2.2: what is sealed is of use for one purpose",
        "common/sealed_cookie.py",
        'info=f"kept by the browser: {purpose}".encode()',
        'info=b"kept by the browser"',
        f"{ATTACKS}::test_what_is_sealed_for_one_purpose_is_of_no_use_for_another",
    ),
    Defence(
        "1.1.2: what is typed is kept as it was typed",
        "appointments/fields/names.py",
        "name = without_needless_joiners(tidied(without_formats(typed)))",
        "name = __import__('html').escape(without_needless_joiners(tidied(without_formats(typed))))",
        "tests/appointments/test_queue.py::test_a_name_cannot_bring_markup_into_the_pages",
    ),
    Defence(
        "a mail server's answer to a whole message is waited for",
        "appointments/delivery/email.py",
        "            self.sock.settimeout(settings.EMAIL_ANSWER_SECONDS)\n",
        "",
        f"{OUTBOX}::test_a_server_that_answers_late_gets_a_message_once",
    ),
    Defence(
        "what a server took without an answer is not repeated",
        "appointments/delivery/outbox.py",
        "case NoAnswer(is_final=True):\n            return True",
        "case NoAnswer(is_final=True):\n            return False",
        f"{OUTBOX}::test_what_a_server_took_without_an_answer_is_for_staff_and_not_repeated_blindly",
    ),
    Defence(
        "what a killed worker was sending is not repeated",
        "appointments/delivery/outbox.py",
        '"handed_over_at": _kept("handed_over_at")',
        '"handed_over_at": None',
        f"{OUTBOX}::test_what_a_server_took_without_an_answer_is_for_staff_and_not_repeated_blindly",
    ),
    Defence(
        "a text without an answer is looked up",
        "appointments/delivery/sms.py",
        "if not (message.handed_over_at and sender.has(phone, words, message.handed_over_at)):",
        "if True:",
        f"{OUTBOX}::test_a_text_whose_answer_came_too_late_is_looked_up_and_not_sent_again",
    ),
    Defence(
        "an outage gives no message up",
        "appointments/delivery/outbox.py",
        "> PATIENCE",
        "> FIRST_DELAY",
        f"{OUTBOX}::test_an_outage_of_a_weekend_fails_nothing",
    ),
    Defence(
        "as soon as a way is open, all go",
        "appointments/delivery/outbox.py",
        "                _try_now(Message.objects.filter(channel=message.channel).put_off())\n",
        "",
        f"{OUTBOX}::test_an_outage_ends_for_all_when_one_gets_through",
    ),
    Defence(
        "more than usual waits for a manager",
        "appointments/operations/retention.py",
        "count() > settings.ERASED_AN_HOUR",
        "count() > 1_000_000",
        f"{RETENTION}::test_more_than_usual_waits_for_a_manager_and_what_comes_later_goes_as_usual",
    ),
    Defence(
        "a clock that jumped deletes nothing",
        "appointments/operations/retention.py",
        "now - looked_at > STANDSTILL",
        "False",
        f"{RETENTION}::test_after_a_jump_of_the_clock_a_manager_looks_before_anything_goes",
    ),
    Defence(
        "nothing goes that was not shown",
        "appointments/operations/retention.py",
        "    until = min(until, rule.until(now))\n    count",
        "    until = rule.until(now)\n    count",
        f"{RETENTION}::test_what_was_not_shown_is_not_let_go",
    ),
    Defence(
        "what others put behind the end of the audit stops nobody",
        "audit/chain.py",
        "return last_seq is None or (head.seq, head.mac) == (last_seq, last_mac)",
        "return True",
        f"{CHAIN}::test_entries_put_behind_the_end_stop_nobody_and_are_named_for_good",
    ),
    Defence(
        "a head that is not ours stops nobody",
        "audit/chain.py",
        "(head.seq, head.mac) == (last_seq, last_mac)",
        "head.seq == last_seq",
        f"{CHAIN}::test_a_head_that_was_altered_stops_nobody",
    ),
    Defence(
        "nobody is erased whom the clinic expects",
        "appointments/lifecycle/definition.py",
        "when=NOT_ON_LEGAL_HOLD & NO_VISIT_IS_TO_COME,",
        "when=NOT_ON_LEGAL_HOLD,",
        "tests/appointments/test_verbs.py -k possible_is_offered",
    ),
    Defence(
        "nor by a command",
        "appointments/lifecycle/effects/erasure.py",
        "if locked.appointment and locked.appointment.starts_at > timezone.now():",
        "if False:",
        f"{MESSAGES} -k nobody_is_erased",
    ),
    Defence(
        "nor before the clinic was told",
        "appointments/lifecycle/effects/erasure.py",
        "if locked.messages.filter(kind=VISIT_NEWS.key, state=Message.State.WAITING).exists():",
        "if False:",
        f"{MESSAGES} -k nobody_is_erased",
    ),
    Defence(
        "nobody takes a second patient without having called the first",
        "appointments/staff/home.py",
        "if left := not_called_yet(request.user):",
        "if left := None:",
        f"{NEXT_CALL} -k without_having_called",
    ),
    Defence(
        "who was reached keeps nobody from the next call",
        "appointments/worklist/next_call.py",
        "held.filter(~Exists(tried))",
        "held",
        f"{NEXT_CALL} -k without_having_called",
    ),
    Defence(
        "what was handed out keeps nobody from the next call",
        "appointments/worklist/next_call.py",
        "waits_for(CALL, now), assigned_until=None)",
        "waits_for(CALL, now))",
        f"{NEXT_CALL} -k without_having_called",
    ),
    Defence(
        "a confirmed request that is gone is said to be gone",
        "appointments/portal/views.py",
        "if not found and lost.was_confirmed(request, reference):",
        "if False:",
        "tests/appointments/test_asking.py -k confirmed_and_is_gone",
    ),
    Defence(
        "only who was told of a request is told that it is gone",
        "appointments/portal/lost.py",
        'return any(visitor_of(request, pathway).notes.get("sent") == reference for pathway in OFFERED)',
        "return True",
        "tests/appointments/test_asking.py -k confirmed_and_is_gone",
    ),
    Defence(
        "each procedure says when to get help",
        "appointments/portal/views.py",
        '"pathway": found.asked,',
        '"pathway": PATHWAYS["vertebral_cement"],',
        "tests/test_second_procedure.py -k after_the_request_was_sent",
    ),
)
