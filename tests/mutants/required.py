"""The defences that docs/security.md links a test for, by area, with the number of the requirement in their names.

Each names the one test that has to notice. tests/test_security_document.py holds this list to the document.
"""

from tests.mutants.defence import Defence

ATTACKS, HEADERS, HEALTH, LOGS = (f"tests/test_{name}.py" for name in ("attacks", "headers", "health", "logs"))
OWN_RULES, SETTINGS, CANARY = (f"tests/test_{name}.py" for name in ("own_rules", "settings", "canary"))
CONFIRM, FIRST, LEAKED, PASSWORDS, SECOND_FACTOR, SESSIONS, SINGLE_SIGN_ON, THROTTLING = (
    f"tests/accounts/test_{name}.py"
    for name in (
        "confirm",
        "first_passwords",
        "leaked_passwords",
        "passwords",
        "second_factor",
        "sessions",
        "single_sign_on",
        "throttling",
    )
)
LOOKUPS, ASKING, AUDIT, CHAIN, CHOOSE, DATABASE, EXPORT, MESSAGES, METRICS, OFFERS = (
    f"tests/appointments/test_{name}.py"
    for name in (
        "admin_lookups",
        "asking",
        "audit",
        "audit_chain",
        "choose",
        "database_refuses",
        "export",
        "messages",
        "metrics",
        "offers",
    )
)
RACES, RETENTION, ROLES, SEARCH, STATUS, VERBS = (
    f"tests/appointments/test_{name}.py" for name in ("races", "retention", "roles", "search", "status", "verbs")
)
COOKIE, PAGES, RANDOM_WALK = (f"tests/screening/test_{name}.py" for name in ("cookie", "pages", "random_walk"))

WHAT_IS_PUT_OUT = (
    Defence(
        "1.1.2: templates escape",
        "templates/common/problem.html",
        "{{ message }}",
        "{{ message|safe }}",
        f"{OWN_RULES}::test_no_template_breaks_a_rule",
    ),
    Defence(
        "3.2.2: scripts put in text and not markup",
        "appointments/static/upright/staff.js",
        ".textContent = until",
        ".innerHTML = until",
        f"{OWN_RULES}::test_scripts_of_ours_put_no_text_into_a_page_as_markup",
    ),
    Defence(
        "1.2.2: where to go on to is an address of ours",
        "accounts/views.py",
        'if is_here and wanted.startswith("/") and is_valid_path(urlsplit(wanted).path):',
        "if wanted:",
        f"{ATTACKS}::test_no_page_leads_to_another_site",
    ),
    Defence(
        "1.2.4: what is looked for is no part of a statement",
        "appointments/search.py",
        "return requests.filter(*conditions) if conditions else requests.none()",
        """return requests.extra(where=["search_text LIKE '%%" + typed + "%%'"])""",
        f"{SEARCH}::test_what_means_something_to_the_database_is_taken_as_it_is",
    ),
    Defence(
        "1.2.4: no SQL is put together",
        "appointments/search.py",
        "return requests.filter(*conditions) if conditions else requests.none()",
        """return requests.extra(where=["search_text LIKE '%%" + typed + "%%'"])""",
        f"{OWN_RULES}::test_the_code_breaks_no_rule_but_where_it_is_declared",
    ),
    Defence(
        "1.3.2: no text is run as code",
        "common/sealed_cookie.py",
        "return json.loads(content)",
        "return eval(content)",
        f"{OWN_RULES}::test_the_code_breaks_no_rule_but_where_it_is_declared",
    ),
    Defence(
        "1.3.10: the words of a log line are ours",
        "appointments/staff/export.py",
        '"Export %s of %s requests by user %s", log.pk, log.rows, request.user.pk',
        'f"Export {log.pk} of {log.rows} requests by user {request.user.pk}"',
        f"{OWN_RULES}::test_the_code_breaks_no_rule_but_where_it_is_declared",
    ),
    Defence(
        "1.3.7: e-mails escape what a clinic's own words say",
        "templates/messages/frame.html",
        "paragraph|urlize",
        "paragraph|safe|urlize",
        f"{MESSAGES}::test_the_words_of_a_clinic_take_the_place_of_ours",
    ),
    Defence(
        "3.7.1: buttons send without a script",
        "templates/screening/question.html",
        '<button type="submit">',
        '<button type="button">',
        "tests/browser/test_journey.py::test_a_patient_gets_there_in_spanish_without_javascript",
    ),
    Defence(
        "4.1.1: pages are whole",
        "templates/common/page.html",
        "{% block content %}{% endblock %}\n  </main>",
        "{% block content %}{% endblock %}\n",
        "tests/browser/test_html_is_valid.py::test_every_public_page_is_valid",
    ),
    Defence(
        "4.1.1: plain answers say how they are encoded, too",
        "config/health.py",
        'HttpResponse("ok", content_type="text/plain; charset=utf-8")',
        'HttpResponse("ok", content_type="text/plain")',
        f"{HEADERS}::test_every_answer_to_a_stranger_has_all_headers",
    ),
)
WHAT_IS_SENT = (
    Defence(
        "1.2.9: lists filter by what a filter shows",
        "appointments/staff/site.py",
        'return any(lookup == f"{field}{ending}" for field in declared for ending in self.ENDINGS)',
        "return True",
        f"{LOOKUPS}::test_no_list_filters_by_what_no_filter_shows",
    ),
    Defence(
        "1.3.3: no name has a sign that nobody can read",
        "appointments/fields/names.py",
        "if UNREADABLE & set(categories):",
        "if False:",
        f"{ASKING}::test_what_cannot_be_right_is_said_and_all_that_was_typed_is_still_there",
    ),
    Defence(
        "1.3.6: no redirect of a provider is followed",
        "appointments/delivery/sms.py",
        "build_opener(StayHere)",
        "build_opener()",
        f"{ATTACKS}::test_no_text_and_no_secret_follows_where_a_provider_leads",
    ),
    Defence(
        "1.4.2: a number too large is not read",
        "appointments/staff/call_sheet.py",
        "if status == 409 and seen.isdecimal() and len(seen) < 9 else []",
        "if status == 409 and seen.isdecimal() else []",
        f"{ATTACKS}::test_a_number_that_no_column_holds_is_not_found",
    ),
    Defence(
        "15.3.5: a version that is no number is not taken for one",
        "appointments/staff/call_sheet.py",
        "if status == 409 and seen.isdecimal() and len(seen) < 9 else []",
        "if status == 409 else []",
        f"{ATTACKS}::test_no_character_breaks_a_form",
    ),
    Defence(
        "1.5.2: two seals in a row are not read as the first",
        "common/sealed_cookie.py",
        'if "=" in token.rstrip("="):',
        "if False:",
        f"{COOKIE}::test_a_cookie_that_is_not_ours_is_not_used_and_the_visitor_is_told",
    ),
    Defence(
        "2.2.1: an answer is one of those that are offered",
        "screening/questionnaire/questions.py",
        "if len(values) > 1 or values[0] not in self.values:",
        "if len(values) > 1:",
        f"{RANDOM_WALK}::test_what_is_no_answer_is_asked_for_again",
    ),
    Defence(
        "2.2.2: a time that has passed is not taken",
        "appointments/lifecycle/forms.py",
        "if moment is not None and moment <= timezone.now():",
        "if False:",
        f"{VERBS}::test_what_is_wrong_is_said_beside_what_was_typed",
    ),
    Defence(
        "2.2.3: a request has a priority",
        "appointments/migrations/0002_declared_lifecycle.py",
        'condition=~models.Q(outcome="") & ~models.Q(priority=""),',
        'condition=~models.Q(outcome=""),',
        f"{DATABASE}::test_a_request_cannot_be_brought_into_a_state_that_must_not_be",
    ),
    Defence(
        "3.5.1: a form counts with its token only",
        "config/settings.py",
        '    "django.middleware.csrf.CsrfViewMiddleware",\n',
        "",
        f"{COOKIE}::test_a_form_counts_only_with_the_token_that_came_with_it",
    ),
    Defence(
        "3.5.3: other methods are refused",
        "config/gate.py",
        "if request.method not in METHODS:",
        "if False:",
        f"{ROLES}::test_no_address_takes_another_method_from_anybody_and_nothing_is_done_then",
    ),
    Defence(
        "13.4.4: no more methods than three are known",
        "config/gate.py",
        'METHODS = ("GET", "HEAD", "POST")',
        'METHODS = ("GET", "HEAD", "POST", "OPTIONS")',
        f"{HEADERS}::test_no_other_method_is_known_anywhere",
    ),
    Defence(
        "13.4.3: an address that leads nowhere is said to",
        "screening/views.py",
        "        return question(request, page)\n    raise Http404",
        '        return question(request, page)\n    return redirect("screening:start")',
        f"{RANDOM_WALK}::test_an_address_that_leads_nowhere_says_so",
    ),
)
STEPS_AND_LIMITS = (
    Defence(
        "2.3.1: no question is skipped",
        "screening/views.py",
        "if not visitor.journey.can_visit(page):",
        "if False:",
        f"{PAGES}::test_no_page_can_be_skipped",
    ),
    Defence(
        "2.3.1: no step of asking is skipped",
        "appointments/intake/views.py",
        "if (first_open := _first_open(forms)) < position:",
        "if (first_open := position) < position:",
        f"{ASKING}::test_no_step_can_be_skipped",
    ),
    Defence(
        "2.3.2: looks from one address are limited",
        "appointments/portal/guesses.py",
        'if rate_limit.count("status by address", counted_address_of(request), seconds=AN_HOUR) '
        "> MOST_TRIES_PER_ADDRESS:",
        "if False:",
        f"{STATUS}::test_after_fifty_tries_from_one_address_it_waits",
    ),
    Defence(
        "2.3.2: to count is one statement",
        "appointments/rate_limit.py",
        "    now = int(time.time())\n",
        """    now = int(time.time())
    before = counted(kind, value or "")
    time.sleep(0.1)
    found = {"ends_at": now + seconds, "count": before + 1}
    return RateBucket.objects.update_or_create(key=_key(kind, value), defaults=found)[0].count
""",
        f"{ATTACKS}::test_tries_at_the_same_time_are_all_counted",
    ),
    Defence(
        "2.3.3: a change is not done without its entry",
        "appointments/lifecycle/transition.py",
        "    audit.record(AuditEntry.Action.CHANGE, by=by, who=who, requests=[request], details=details)\n",
        "",
        f"{AUDIT}::test_a_change_and_its_entry_are_written_together_and_once",
    ),
    Defence(
        "2.3.4: a visit takes up all of its time",
        "appointments/lifecycle/effects/booking.py",
        "ends_at = slot.starts_at + length_of(kind)",
        "ends_at = slot.starts_at + length_of(kind) / 2",
        f"{RACES}::test_of_ten_people_who_book_the_same_times_each_time_goes_to_one_and_nobody_loses_a_request",
    ),
    Defence(
        "2.4.1: requests from one address are limited",
        "appointments/intake/submit.py",
        "if counted and number > MOST_TAKEN_FROM_ONE_ADDRESS:",
        "if False:",
        f"{ATTACKS}::test_far_too_many_requests_from_one_address_are_not_taken_and_nothing_typed_is_lost",
    ),
    Defence(
        "2.4.1: sign-ins from one address are limited",
        "accounts/throttling.py",
        "return _is_address_locked(request) or super().is_locked(request, credentials)",
        "return super().is_locked(request, credentials)",
        f"{THROTTLING}::test_after_many_wrong_passwords_with_ever_new_names_the_address_is_refused_whatever_the_name",
    ),
    Defence(
        "15.2.2: an export is written piece by piece",
        "appointments/reporting/export.py",
        'in _in_pieces(requests.values_list("pk", *COLUMNS.values())):',
        'in requests.values_list("pk", *COLUMNS.values()):',
        f"{EXPORT}::test_four_times_the_requests_need_no_more_memory_and_a_statement_for_each_piece",
    ),
    Defence(
        "15.2.2: what was typed is not read back and forth",
        "appointments/search.py",
        r"(?P<number>[\d\s().+/‐-―−-]+?)",
        # Eight times takes minutes, and would take years with any number of times.
        r"(?P<number>" + 8 * r"[\d\s().+/‐-―−-]+?" + ")",
        f"{ATTACKS}::test_nothing_that_is_typed_into_the_search_takes_long",
    ),
)
HEADERS_AND_HTTPS = (
    *(
        Defence(
            f"{number}: {what}",
            "config/settings.py",
            old,
            new,
            f"{HEADERS}::test_every_answer_to_a_stranger_has_all_headers",
        )
        for number, what, old, new in (
            ("3.2.1", "nothing is loaded but what is named", '"default-src": [NONE]', '"default-src": [SELF]'),
            ("3.4.1", "browsers come by HTTPS", '    "django.middleware.security.SecurityMiddleware",\n', ""),
            ("3.4.3", "answers have a policy for content", '    "csp.middleware.CSPMiddleware",\n', ""),
            (
                "3.4.4",
                "types of content are not guessed",
                'X_FRAME_OPTIONS = "DENY"',
                'X_FRAME_OPTIONS = "DENY"\nSECURE_CONTENT_TYPE_NOSNIFF = False',
            ),
            ("3.4.6", "no frame shows a page", '        "frame-ancestors": [NONE],\n', ""),
        )
    ),
    Defence(
        "3.4.5: other sites do not learn the address",
        "config/settings.py",
        'SECURE_REFERRER_POLICY = "same-origin"',
        'SECURE_REFERRER_POLICY = "unsafe-url"',
        f"{PAGES}::test_every_page_is_kept_out_of_caches_frames_and_other_sites",
    ),
    Defence(
        "14.3.2: staff pages are kept out of caches",
        "config/gate.py",
        'if not is_static and response.get("Cache-Control") != KEPT_FOR:',
        'if "Cache-Control" not in response:',
        f"{HEADERS}::test_every_answer_to_staff_has_all_headers",
    ),
    Defence(
        "4.1.2: machines are not led to HTTPS",
        "config/gate.py",
        "if request.path_info.startswith(FOR_MACHINES) and settings.SECURE_SSL_REDIRECT and not request.is_secure():",
        "if False:",
        f"{ATTACKS}::test_machines_that_forgot_https_are_told_and_not_led_there",
    ),
    Defence(
        "12.2.1: nothing but questions about health is answered without HTTPS",
        "config/settings.py",
        'SECURE_REDIRECT_EXEMPT = [r"^health/(ready/)?$"]',
        'SECURE_REDIRECT_EXEMPT = [r"^(health/(ready/)?)?$"]',
        f"{HEALTH}::test_both_are_answered_without_https_people_are_led_to_it_and_machines_are_refused",
    ),
    Defence(
        "4.1.3: what a visitor adds to the addresses does not count",
        "common/client_address.py",
        'return forwarded.rsplit(",", 1)[-1].strip()',
        'return forwarded.split(",", 1)[0].strip()',
        f"{THROTTLING}::test_behind_a_proxy_the_address_that_the_proxy_saw_is_counted",
    ),
    Defence(
        "15.3.4: a number counts from our own proxy only",
        "config/request_log.py",
        'given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.BEHIND_TLS_PROXY else ""',
        'given = request.META.get("HTTP_X_REQUEST_ID", "")',
        f"{LOGS}::test_a_number_is_taken_from_our_own_proxy_only_and_only_if_it_is_plain",
    ),
)
PASSWORDS_AND_GUESSES = (
    Defence(
        "6.2.1: a password is long",
        "config/settings.py",
        '    {"NAME": "accounts.passwords.LongEnough"},\n',
        "",
        f"{PASSWORDS}::test_what_is_short_or_tried_first_is_refused",
    ),
    Defence(
        "6.2.4: a password is none that is tried first",
        "accounts/passwords.py",
        "{plain, piece, core} & common or",
        "False or",
        f"{PASSWORDS}::test_what_is_short_or_tried_first_is_refused",
    ),
    Defence(
        "6.2.11: nor the name of the clinic",
        "accounts/passwords.py",
        "names = [CLINIC.name, PRODUCT]",
        "names = [PRODUCT]",
        f"{PASSWORDS}::test_the_name_of_the_clinic_is_no_password",
    ),
    Defence(
        "6.2.12: nor one on the list of leaked ones",
        "accounts/leaked_passwords.py",
        "if has_leaked:",
        "if False:",
        f"{LEAKED}::test_a_password_on_the_list_is_refused_and_each_other_is_taken",
    ),
    Defence(
        "6.2.3: one's own is changed with the old one",
        "accounts/admin.py",
        "if self.has_change_permission(request) and self.get_object(request, unquote(id)) == request.user:",
        "if False:",
        f"{CONFIRM}::test_nobody_sets_their_own_password_without_the_old_one",
    ),
    Defence(
        "6.2.2: a new password ends all sessions, also this one",
        "accounts/sessions.py",
        'WATCHED = ("password", "is_active", "is_staff")',
        'WATCHED = ("is_active", "is_staff")',
        f"{SESSIONS}::test_who_changes_the_password_signs_in_again_with_it_everywhere",
    ),
    Defence(
        "6.2.5: no kind of character is asked for",
        "config/settings.py",
        '    {"NAME": "accounts.passwords.LongEnough"},\n',
        '    {"NAME": "accounts.passwords.LongEnough"},\n'
        '    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},\n',
        f"{PASSWORDS}::test_long_and_ones_own_is_enough",
    ),
    Defence(
        "6.2.7: managers of passwords know the fields",
        "templates/registration/password_change_form.html",
        "{{ block.super }}",
        '{% filter cut:"new-password" %}{{ block.super }}{% endfilter %}',
        f"{PASSWORDS}::test_whoever_changes_it_is_told_what_it_must_be_and_may_paste",
    ),
    Defence(
        "6.2.8: a password is not cut off",
        "accounts/passwords.py",
        "encode(composed(password), salt, iterations)",
        "encode(composed(password)[:72], salt, iterations)",
        f"{PASSWORDS}::test_every_character_counts_and_none_is_cut_off",
    ),
    Defence(
        "6.3.1: a locked name is not tried",
        "accounts/throttling.py",
        "        AxesStandaloneBackend.authenticate(self, request, username=username, password=password, **kwargs)\n",
        "",
        f"{THROTTLING}::test_after_some_wrong_passwords_even_the_right_one_is_refused_and_the_page_says_for_how_long",
    ),
    Defence(
        "6.4.1: a first password opens the page for another one only",
        "accounts/site.py",
        "guarded = super().admin_view(after_ones_own(view), cacheable)",
        "guarded = super().admin_view(view, cacheable)",
        f"{FIRST}::test_it_opens_only_the_page_for_choosing_ones_own",
    ),
    Defence(
        "6.4.1: a first password expires",
        "accounts/throttling.py",
        "return None if user is None or first_passwords.has_expired(user) else user",
        "return user",
        f"{FIRST}::test_it_works_for_seven_days_and_then_it_is_a_wrong_password",
    ),
)
THE_SECOND_FACTOR = (
    Defence(
        "6.3.3: a password alone opens no page",
        "accounts/site.py",
        "return super().has_permission(request) and second_factor.is_passed(request)",
        "return super().has_permission(request)",
        f"{SECOND_FACTOR}::test_by_a_password_alone_no_page_opens",
    ),
    Defence(
        "6.3.3: every group needs it",
        "accounts/second_factor.py",
        "return not settings.SECOND_FACTOR or has_passed(request)",
        "return not settings.SECOND_FACTOR or not request.user.is_superuser or has_passed(request)",
        f"{SECOND_FACTOR}::test_every_group_of_staff_needs_it",
    ),
    Defence(
        "6.4.3: who has an app sets up no other by a password",
        "accounts/views.py",
        """    if second_factor.app_of(request.user) and not second_factor.has_passed(request):
        return redirect(with_next(request, "admin:second_factor"))
    if second_factor.app_of(request.user) and not second_factor.is_fresh(request):
        return to_confirm(request)
""",
        "",
        f"{SECOND_FACTOR}::test_who_has_an_app_enters_its_code",
    ),
    Defence(
        "6.5.1: a code of an app works once",
        "accounts/second_factor.py",
        "if django_otp.verify_token(request.user, device.persistent_id, code) is None:",
        'if not __import__("django_otp.oath").oath.TOTP(device.bin_key).verify(int(code), tolerance=2):',
        f"{SECOND_FACTOR}::test_a_code_works_once",
    ),
    Defence(
        "6.5.1: a recovery code works once",
        "accounts/models.py",
        "used, _ = self.codes.filter(digest=self._digest(token.upper().translate(self.MISREAD))).delete()",
        "used = self.codes.filter(digest=self._digest(token.upper().translate(self.MISREAD))).count()",
        f"{SECOND_FACTOR}::test_a_recovery_code_works_once_however_it_is_written_and_tells_how_many_are_left",
    ),
    Defence(
        "7.2.4: a code gives the session a new key",
        "accounts/second_factor.py",
        "    request.session.cycle_key()\n",
        "",
        f"{SECOND_FACTOR}::test_the_key_of_the_session_changes_with_the_password_and_with_the_code",
    ),
    Defence(
        "7.4.3: another app ends the sessions elsewhere",
        "accounts/second_factor.py",
        "        sessions.end_all(user, but=request)\n",
        "",
        f"{SECOND_FACTOR}::test_moving_to_another_phone_ends_the_old_one_and_the_sessions_elsewhere",
    ),
    Defence(
        "7.4.4: there is a way out half-way",
        "accounts/views.py",
        '    logout(request)\n    return forgotten_by_the_browser(redirect("admin:login"))\n',
        '    return forgotten_by_the_browser(redirect("admin:login"))\n',
        f"{SECOND_FACTOR}::test_one_may_leave_half_way_and_a_link_to_elsewhere_is_not_followed",
    ),
    Defence(
        "7.5.1: a code is fresh for some minutes",
        "accounts/second_factor.py",
        "session.code_given_at is not None and session.code_given_at > since",
        "session.code_given_at is not None",
        f"{CONFIRM}::test_ten_minutes_after_the_last_code_nothing_is_done_and_the_page_leads_back_to_the_button",
    ),
)
SESSIONS_AND_WHAT_IS_OPENED = (
    Defence(
        "7.3.1: who does nothing is signed out",
        "accounts/sessions.py",
        "if session.last_seen_at <= now - _longest_idle():",
        "if False:",
        f"{SESSIONS}::test_who_does_nothing_for_half_an_hour_is_signed_out_and_told_why",
    ),
    Defence(
        "7.3.2: no session lasts for ever",
        "accounts/sessions.py",
        "if session.created_at <= now - _longest():",
        "if False:",
        f"{SESSIONS}::test_who_goes_on_working_stays_for_twelve_hours_and_no_longer",
    ),
    Defence(
        "7.4.1: who logs out ends the session",
        "accounts/sessions.py",
        "user_logged_out.connect(_end, ",
        "user_logged_out.disconnect(_end, ",
        f"{SESSIONS}::test_a_log_out_ends_the_session_also_for_who_kept_its_cookie",
    ),
    Defence(
        "7.4.1: a request that was shut is not opened by a copy",
        "appointments/portal/views.py",
        "        rate_limit.count(SHUT, opening, seconds=MAX_AGE)\n",
        "        pass\n",
        f"{STATUS}::test_a_copy_of_the_cookie_opens_nothing_once_the_request_was_shut",
    ),
    Defence(
        "7.4.2: a change of the account ends its sessions",
        "accounts/sessions.py",
        "if instance.ends_sessions:",
        "if False:",
        f"{SESSIONS}::test_what_is_given_back_does_not_bring_the_old_session_back",
    ),
    Defence(
        "7.4.5: a reset of the second factor ends all sessions",
        "accounts/second_factor.py",
        "        RecoveryCodes.objects.filter(user=user).delete()\n        sessions.end_all(user)\n",
        "        RecoveryCodes.objects.filter(user=user).delete()\n",
        f"{SESSIONS}::test_when_the_account_changes_the_next_request_of_every_session_is_refused",
    ),
    Defence(
        "8.2.2: nobody ends a session of somebody else",
        "accounts/views.py",
        "account_sessions.of(request.user).filter(pk=pk).delete()",
        "account_sessions.AccountSession.objects.filter(pk=pk).delete()",
        f"{SESSIONS}::test_one_ends_a_session_of_ones_own_and_of_nobody_else",
    ),
    Defence(
        "8.2.2: the seal says which request is open, and no address does",
        "appointments/portal/views.py",
        'requests.filter(pk=kept["status_of"])',
        'requests.filter(pk=request.GET.get("pk", kept["status_of"]))',
        f"{ATTACKS}::test_a_request_that_one_opened_does_not_open_another",
    ),
)
WHO_MAY_DO_WHAT = (
    Defence(
        "8.2.1: a page is for those who have the permission",
        "appointments/staff/pages.py",
        "if not may(request, permission):",
        "if False:",
        f"{ROLES}::test_each_staff_page_answers_those_whose_work_needs_it_and_nobody_else",
    ),
    Defence(
        "8.2.3: only superusers make superusers",
        "accounts/admin.py",
        '        if request.user.is_superuser:\n            fieldsets.append(("Beyond the roles"',
        '        if True:\n            fieldsets.append(("Beyond the roles"',
        f"{ATTACKS}::test_who_keeps_accounts_makes_nobody_a_superuser_not_even_themselves",
    ),
    Defence(
        "15.2.3: pages of Django that nobody needs are not there",
        "appointments/staff/site.py",
        'NOT_NEEDED = ("view_on_site", "autocomplete")',
        "NOT_NEEDED = ()",
        f"{ATTACKS}::test_what_django_brings_along_tells_staff_nothing",
    ),
    Defence(
        "15.3.1: the private link does not tell who the patient is",
        "appointments/portal/choose.py",
        "offered = [(str(time.pk), _in_words(time, found)) for time in times]",
        'offered = [(str(time.pk), f"{found.name}: {_in_words(time, found)}") for time in times]',
        f"{CHOOSE}::test_whoever_has_the_link_learns_nothing_about_the_patient",
    ),
    Defence(
        "13.2.2: the application only adds to the audit",
        "appointments/management/commands/grant_app_role.py",
        "GRANT SELECT, INSERT ON {entry} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {entry} TO {role}",
        f"{CHAIN}::test_the_role_of_the_application_works_with_all_and_can_only_add_to_the_audit",
        on_postgresql=True,
    ),
    Defence(
        "13.4.5: figures need a token",
        "appointments/reporting/prometheus.py",
        'if not constant_time_compare(sent, f"Bearer {settings.METRICS_TOKEN}".encode()):',
        'if not sent.startswith(b"Bearer"):',
        f"{METRICS}::test_without_the_token_nobody_reads_them",
    ),
)
THE_IDENTITY_PROVIDER = (
    Defence(
        "6.8.1: nobody is somebody by a name",
        "accounts/single_sign_on.py",
        "user = User(username=_free_username(proof))",
        'named = User.objects.filter(username=str(proof.claims.get("preferred_username"))).first()\n'
        "            user = named or User(username=_free_username(proof))",
        f"{SINGLE_SIGN_ON}::test_nobody_becomes_somebody_by_having_their_name",
    ),
    Defence(
        "6.8.2: what it sends is signed by its key",
        "accounts/oidc.py",
        "        return jwt.decode(text, KeySet.import_key_set(client.fetch_jwk_set()), registry=registry).claims\n",
        '        body = text.partition(".")[2].partition(".")[0]\n'
        '        return __import__("json").loads(__import__("base64").urlsafe_b64decode(f"{body}=="))\n',
        f"{SINGLE_SIGN_ON}::test_what_the_provider_has_not_signed_ends_nothing",
    ),
    Defence(
        "6.8.4: where it asked for no second factor, we do",
        "accounts/oidc.py",
        "return bool(said & {*settings.SSO_SECOND_FACTOR})",
        "return True",
        f"{SINGLE_SIGN_ON}::test_where_the_provider_asked_for_no_second_factor_we_do",
    ),
    Defence(
        "6.8.4: where it did not ask again, nothing is proven",
        "accounts/oidc.py",
        "if proof.for_user is not None and (proof.given_at is None or proof.given_at < asked_at - SKEW):",
        "if False:",
        f"{SINGLE_SIGN_ON}::test_a_provider_that_does_not_ask_again_proves_nothing",
    ),
    Defence(
        "7.6.2: no other site begins a sign-in",
        "accounts/provider_pages.py",
        'if request.headers.get("Sec-Fetch-Site") == "cross-site":',
        "if False:",
        f"{SINGLE_SIGN_ON}::test_another_site_begins_no_sign_in_and_is_not_led_to",
    ),
    Defence(
        "10.2.1: what comes back counts in the browser that asked",
        "accounts/oidc.py",
        "    return OAuth().register(\n",
        """    oauth, kept = OAuth(), {}
    theirs = oauth.framework_integration_cls
    oauth.framework_integration_cls = type("OfAllBrowsers", (theirs,), {
        "set_state_data": lambda self, session, *said: theirs.set_state_data(self, kept, *said),
        "get_state_data": lambda self, session, *said: theirs.get_state_data(self, kept, *said),
    })
    return oauth.register(
""",
        f"{SINGLE_SIGN_ON}::test_what_comes_back_counts_once_and_in_the_browser_that_asked",
    ),
    Defence(
        "10.1.2: what we ask is bound to us by PKCE",
        "accounts/oidc.py",
        '            "code_challenge_method": "S256",\n',
        "",
        f"{SINGLE_SIGN_ON}::test_what_we_ask_is_bound_to_us_by_state_nonce_and_pkce",
    ),
    Defence(
        "10.5.5: an old logout token ends nothing that began since",
        "accounts/single_sign_on.py",
        "user__provider_identity__issuer=settings.SSO_ISSUER, created_at__lte=ended.at + SKEW\n",
        "user__provider_identity__issuer=settings.SSO_ISSUER\n",
        f"{SINGLE_SIGN_ON}::test_an_old_word_of_it_ends_nothing_that_began_since",
    ),
)
SEALS_AND_SECRETS = (
    Defence(
        "9.1.1: a cookie that was altered is not used",
        "common/sealed_cookie.py",
        "return Fernet(base64.urlsafe_b64encode(key))",
        'unverified = type("Unverified", (Fernet,), {"_verify_signature": lambda self, data: None})\n'
        "    return unverified(base64.urlsafe_b64encode(key))",
        f"{COOKIE}::test_a_cookie_that_was_altered_is_not_used_and_the_visitor_is_told",
    ),
    Defence(
        "9.1.2: a private link that nobody signed opens nothing",
        "appointments/lifecycle/offered_times.py",
        "    except signing.BadSignature:\n        return None\n",
        "    except signing.BadSignature:\n        pk = token if token.isdecimal() else None\n",
        f"{OFFERS}::test_a_link_that_was_made_up_opens_nothing",
    ),
    Defence(
        "9.2.1: a cookie has an age, whatever the browser says",
        "common/sealed_cookie.py",
        "if sealed_at + max_age < time.time():",
        "if False:",
        f"{COOKIE}::test_answers_are_used_for_twenty_hours_whatever_the_browser_says",
    ),
    Defence(
        "11.2.2: the next cookie is sealed with the new key",
        "common/sealed_cookie.py",
        "(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)",
        "(*settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY)",
        f"{COOKIE}::test_with_the_next_answer_the_cookie_is_sealed_with_the_new_secret_key",
    ),
    Defence(
        "11.2.2: a former key verifies the audit",
        "audit/chain.py",
        "return _derived(settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)",
        "return _derived(settings.AUDIT_KEY)",
        f"{CHAIN}::test_after_the_key_was_changed_the_former_one_goes_on_verifying",
    ),
    Defence(
        "13.2.3: no secret is short",
        "config/settings.py",
        "any(secret == EXAMPLE_SECRET or len(secret) < 50 for secret in secrets)",
        "any(secret == EXAMPLE_SECRET for secret in secrets)",
        f"{SETTINGS}::test_production_does_not_start_with_a_secret_that_can_be_guessed",
    ),
    Defence(
        "13.3.1: the line break at the end of a file is no part of the secret",
        "config/environment.py",
        'value = Path(file).read_text("utf-8").rstrip("\\r\\n") or default',
        'value = Path(file).read_text("utf-8") or default',
        f"{SETTINGS}::test_each_secret_can_come_in_a_file_and_the_line_break_at_its_end_does_not_count",
    ),
    Defence(
        "13.4.2: debug pages are for development",
        "config/settings.py",
        'DEBUG = DEVELOPMENT and environment.boolean("DEBUG", False)',
        'DEBUG = environment.boolean("DEBUG", False)',
        f"{SETTINGS}::test_debug_pages_are_for_development_only",
    ),
)
WHAT_IS_KEPT_AND_TOLD = (
    Defence(
        "14.2.1: no title tells the result",
        "templates/screening/result.html",
        '{% block title %}{% translate "Your result" %}',
        "{% block title %}{{ assessment.outcome.key }}",
        f"{COOKIE}::test_addresses_links_and_titles_do_not_tell_what_was_answered",
    ),
    Defence(
        "14.2.1: a private link has a number in it",
        "appointments/lifecycle/offered_times.py",
        "signing.dumps(request.pk, salt=PURPOSE)",
        "signing.dumps(request.reference, salt=PURPOSE)",
        f"{OFFERS}::test_a_link_names_nobody",
    ),
    Defence(
        "14.2.4: an erased person is not named in the history of others",
        "appointments/lifecycle/effects/erasure.py",
        "    _forget_names(requests)\n",
        "",
        f"{RETENTION}::test_of_an_erased_person_nothing_is_left_in_a_full_dump",
    ),
    Defence(
        "16.2.5: what an exception quotes is not written",
        "config/logs.py",
        'yield f"{name}: {link}" if name in SPOKEN else name',
        'yield f"{name}: {link}"',
        f"{CANARY}::test_no_word_that_was_sent_is_found_in_any_log",
    ),
    Defence(
        "16.3.4: a fault is written without what it said",
        "config/logs.py",
        'yield f"{name}: {link}" if name in SPOKEN else name',
        'yield f"{name}: {link}"',
        f"{LOGS}::test_a_fault_is_written_with_where_it_was_and_without_what_it_said",
    ),
    Defence(
        "16.4.1: a line has the route, and not the address",
        "config/request_log.py",
        '"route": route,',
        '"route": request.get_full_path(),',
        f"{LOGS}::test_each_request_has_one_line_with_its_route_and_nothing_that_was_sent",
    ),
    Defence(
        "16.2.4: what nobody catches is a line like others",
        "config/logs.py",
        "        sys.excepthook = _log_uncaught\n",
        "",
        f"{LOGS}::test_production_writes_json_also_of_what_nobody_catches",
    ),
    Defence(
        "16.5.1: a fault says nothing of itself",
        "common/error_pages.py",
        'request, 500, _("Something went wrong on our side"), _("Please try again in a few minutes, or call us.")',
        'request, 500, _("Something went wrong on our side"), str(sys.exc_info()[1])',
        f"{PAGES}::test_a_page_that_breaks_says_so_without_telling_why",
    ),
    Defence(
        "16.5.2: an outage is told as one",
        "common/error_pages.py",
        "if is_outage(sys.exc_info()[1]):",
        "if False:",
        f"{HEADERS}::test_every_answer_without_a_database_has_all_headers",
    ),
    Defence(
        "16.5.2: what was typed is kept while the database is down",
        "appointments/intake/views.py",
        "        if not is_outage(error):\n            raise\n        # What the database says",
        "        raise\n        # What the database says",
        f"{ASKING}::test_while_the_database_is_down_the_form_is_kept_and_can_be_sent_later",
    ),
)
THE_AUDIT = (
    Defence(
        "16.2.1: every staff page leaves an entry",
        "audit/middleware.py",
        "if not (is_staff_page or notes.shown is not None):",
        "if notes.shown is None:",
        f"{AUDIT}::test_every_staff_page_and_method_writes_one_entry_and_who_is_not_let_in_leaves_one_too",
    ),
    Defence(
        "16.3.1: who leaves is written down",
        "audit/listeners.py",
        '    signals.user_logged_out.connect(_signed_out, dispatch_uid="audit")\n',
        "",
        f"{AUDIT}::test_signing_in_and_out_leaves_one_entry_each",
    ),
    Defence(
        "16.3.1: what is no account is not written down",
        "audit/listeners.py",
        'return typed if is_account else ""',
        "return typed",
        f"{AUDIT}::test_a_failed_sign_in_keeps_the_name_of_an_account_and_nothing_else",
    ),
    Defence(
        "16.3.2: what is refused is written down as refused",
        "audit/middleware.py",
        "return Result.REFUSED if response.status_code >= 400 or _leads_to_the_login(notes, response) else Result.OK",
        "return Result.REFUSED if _leads_to_the_login(notes, response) else Result.OK",
        f"{AUDIT}::test_a_refused_change_says_so_and_what_was_shown_instead",
    ),
    Defence(
        "16.3.3: a form that is not ours leaves an entry",
        "audit/middleware.py",
        "if not (is_staff_page or notes.shown is not None):",
        "if response.status_code == 403 or not (is_staff_page or notes.shown is not None):",
        f"{AUDIT}::test_a_form_without_its_token_leaves_an_entry",
    ),
    Defence(
        "16.5.3: no page is shown without its entry",
        "audit/middleware.py",
        "return response if response.status_code >= 500 else _held_back(notes)",
        "return response",
        f"{AUDIT}::test_no_entry_no_page_no_change_and_no_sign_in",
    ),
    Defence(
        "164.312(b): a removed entry is named",
        "audit/chain.py",
        "if entry.seq != seq + 1:",
        "if False:",
        f"{CHAIN}::test_a_removed_entry_is_named",
    ),
    Defence(
        "164.312(c)(2): an altered entry is named",
        "audit/chain.py",
        "if mac is not None and not is_genuine(entry, mac, named):",
        "if False:",
        f"{CHAIN}::test_an_altered_entry_is_named_and_the_command_fails",
    ),
    Defence(
        "164.312(c)(1): what a colleague did meanwhile is not overwritten",
        "appointments/staff/call_sheet.py",
        "if seen != str(visit_request.version) or not verb.when",
        "if not verb.when",
        f"{VERBS}::test_what_a_colleague_did_meanwhile_is_shown_and_nothing_is_overwritten",
    ),
)

REQUIRED = (
    *WHAT_IS_PUT_OUT,
    *WHAT_IS_SENT,
    *STEPS_AND_LIMITS,
    *HEADERS_AND_HTTPS,
    *PASSWORDS_AND_GUESSES,
    *THE_SECOND_FACTOR,
    *SESSIONS_AND_WHAT_IS_OPENED,
    *WHO_MAY_DO_WHAT,
    *THE_IDENTITY_PROVIDER,
    *SEALS_AND_SECRETS,
    *WHAT_IS_KEPT_AND_TOLD,
    *THE_AUDIT,
)
