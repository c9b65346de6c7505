"""The hands of the people in the journeys: a pointer, or keys alone."""

from playwright.sync_api import Locator, Page

# More than there are places to stop at on any page.
MOST_PRESSES = 120


class Pointer:
    """Somebody with a mouse or a finger."""

    def __init__(self, page: Page):
        self.page = page

    def press(self, target: Locator) -> None:
        target.click()

    def choose(self, option: Locator) -> None:
        option.check()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def pick(self, menu: Locator, label: str) -> None:
        menu.select_option(label=label)


class Keys:
    """Somebody without either, who has Tab, Space, Enter and the arrows."""

    def __init__(self, page: Page):
        self.page = page

    def press(self, target: Locator) -> None:
        self._go_to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def choose(self, option: Locator) -> None:
        if option.get_attribute("type") == "checkbox":
            self._go_to(option)
        else:
            # Tab leads to one of several radio buttons, and arrows from it to the others.
            self._go_to(self.page.locator(f"input[name='{option.get_attribute('name')}']"))
        self.page.keyboard.press("Space")
        for _ in range(MOST_PRESSES):
            if option.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrow keys do not lead to {option}")

    def write(self, field: Locator, text: str) -> None:
        self._go_to(field)
        self.page.keyboard.type(text)

    def pick(self, menu: Locator, label: str) -> None:
        """By its first letters, as browsers find an entry of a menu."""
        self.write(menu, label)
        if menu.locator(":checked").inner_text() != label:
            raise AssertionError(f"the letters of {label} do not find it")

    def _go_to(self, target: Locator) -> None:
        focused = target.and_(self.page.locator(":focus"))
        target.first.wait_for()
        for _ in range(MOST_PRESSES):
            if focused.count():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key does not lead to {target}")
