"""The official OpenAI client for Python against a running Touchstone.

Run by clients_test.go, which gives BASE_URL, API_KEY, MODEL, CALLS_URL and the
texts that the upstream says.
"""

import os
import sys
import urllib.request

import openai

MODEL = os.environ["MODEL"]
RIGHT, WITHHELD = os.environ["RIGHT"], os.environ["WITHHELD"]
client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], timeout=20)


def calls() -> int:
    with urllib.request.urlopen(os.environ["CALLS_URL"]) as reply:
        return int(reply.read())


def say(what: str, model: str = MODEL, **options):
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "say " + what}], **options
    )


def whole():
    answer = say("right")
    assert answer.choices[0].message.content == RIGHT, answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.completion_tokens > 0, answer


def streamed():
    text, finish, usage = "", None, None
    for event in say("right", stream=True, stream_options={"include_usage": True}):
        for choice in event.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
        usage = event.usage or usage
    assert (text, finish) == (RIGHT, "stop"), (text, finish)
    assert usage.completion_tokens > 0, usage


def two_choices():
    answer = say("two", n=2)
    good, bad = answer.choices
    assert good.message.content == RIGHT and good.finish_reason == "stop", answer
    assert "€9" not in bad.message.content and bad.finish_reason == "content_filter", answer


def two_choices_streamed():
    text, finish = ["", ""], [None, None]
    for event in say("two", n=2, stream=True):
        for choice in event.choices:
            text[choice.index] += choice.delta.content or ""
            finish[choice.index] = choice.finish_reason or finish[choice.index]
    assert text[0] == RIGHT and "€9" not in text[1], text
    assert finish == ["stop", "content_filter"], finish


def blocked():
    answer = say("wrong").choices[0]
    assert (answer.message.content, answer.finish_reason) == (WITHHELD, "content_filter"), answer


def blocked_streamed():
    text, finish = "", None
    for event in say("mixed", stream=True):
        assert event.choices, event
        text += event.choices[0].delta.content or ""
        finish = event.choices[0].finish_reason or finish
    assert text.startswith("Returns are accepted for 30 days.") and "€9" not in text, text
    assert finish == "content_filter", finish


def blocked_as_error():
    try:
        say("wrong", model="strict")
    except openai.BadRequestError as err:
        assert err.code == "content_filter", err
    else:
        raise AssertionError("no error")


def blocked_as_error_streamed():
    text = ""
    try:
        for event in say("mixed", model="strict", stream=True):
            text += event.choices[0].delta.content or ""
    except openai.APIError as err:
        assert "€9" not in text and err.code == "content_filter", (text, err)
    else:
        raise AssertionError("no error: " + text)


def unknown_key():
    other = client.with_options(api_key="sk-nobody")
    try:
        other.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "say right"}])
    except openai.AuthenticationError as err:
        assert err.status_code == 401, err
    else:
        raise AssertionError("no error")


def unknown_model():
    try:
        say("right", model="gpt-none")
    except openai.NotFoundError as err:
        assert err.code == "model_not_found", err
    else:
        raise AssertionError("no error")


def models():
    assert MODEL in [m.id for m in client.models.list()]


# Each case and how many chat requests the upstream must see: a block that the
# client took for something to retry would be paid for again and again.
CASES = [
    (whole, 1),
    (streamed, 1),
    (two_choices, 1),
    (two_choices_streamed, 1),
    (blocked, 1),
    (blocked_streamed, 1),
    (blocked_as_error, 1),
    (blocked_as_error_streamed, 1),
    (unknown_key, 0),
    (unknown_model, 0),
    (models, 0),
]

failed = 0
for case, upstream_calls in CASES:
    before = calls()
    try:
        case()
        seen = calls() - before
        assert seen == upstream_calls, f"the upstream saw {seen} requests, not {upstream_calls}"
        print("ok  ", case.__name__)
    except Exception as err:
        failed += 1
        print("FAIL", case.__name__, type(err).__name__, err)
print(f"openai {openai.__version__}, Python {sys.version.split()[0]}: {len(CASES) - failed} of {len(CASES)} cases passed")
sys.exit(1 if failed else 0)
