"""What goes wrong in a browser without a trace on the page is noticed all the same."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        ("console.error('wrong')", "console error: wrong"),
        ("setTimeout(() => { throw new Error('wrong') })", "page error: wrong"),
        ("document.body.append(Object.assign(new Image(), {src: '/no-such-picture.png'}))", "status of 404"),
        ("document.body.append(Object.assign(new Image(), {src: 'https://other.example/'}))", "another host"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
    ],
)
def test_a_mistake_on_a_page_is_complained_of(long_lived_page, mistake, complaint):
    page, complaints = long_lived_page
    page.goto("/")
    complaints.clear()

    page.evaluate(f"() => {{ {mistake} }}")
    page.wait_for_timeout(200)

    assert any(complaint in found for found in complaints)


def test_a_page_that_is_not_found_is_no_mistake(long_lived_page):
    page, complaints = long_lived_page
    complaints.clear()

    page.goto("/no-such-page/")
    page.wait_for_timeout(200)

    assert complaints == []
