"""What every calendar source must do; a new kind subclasses ``suite.CalendarSourceContract``."""
