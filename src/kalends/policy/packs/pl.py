"""Polish."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="pl",
    names={
        "available": "Dostępny",
        "meeting": "Spotkanie",
        "lunch": "Lunch",
        "break": "Przerwa",
        "out-of-office": "Poza biurem",
        "vacation": "Urlop",
        "sick": "Choroba",
        "child-care": "Opieka nad dzieckiem",
        "parental-leave": "Urlop rodzicielski",
        "gone": "Nieobecny do końca dnia",
        "home": "Praca zdalna",
        "travel": "W podróży",
        "course": "Szkolenie",
        "errand": "Sprawa prywatna",
        "dnd": "Nie przeszkadzać",
        "busy": "Zajęty",
        "tentative": "Wstępnie zajęty",
        "away": "Nieobecny",
        "elsewhere": "Praca w innym miejscu",
        "off-work": "Poza godzinami pracy",
        "on-the-phone": "Rozmawia przez telefon",
    },
    spoken={
        "available": "do dyspozycji",
        "meeting": "na spotkaniu",
        "lunch": "na lunchu",
        "break": "na przerwie",
        "out-of-office": "poza biurem",
        "vacation": "na urlopie",
        "sick": "na zwolnieniu lekarskim",
        "child-care": "w domu na opiece nad chorym dzieckiem",
        "parental-leave": "na urlopie rodzicielskim",
        "gone": "poza biurem do końca dnia",
        "home": "w domu na pracy zdalnej",
        "travel": "w podróży",
        "course": "na szkoleniu",
        "errand": "poza biurem w sprawie prywatnej",
        "dnd": "w trybie nie przeszkadzać",
        "busy": "w trakcie innych zajęć",
        "tentative": "wstępnie na spotkaniu",
        "away": "poza stanowiskiem",
        "elsewhere": "w innym miejscu pracy",
        "off-work": "poza godzinami pracy",
        "on-the-phone": "w trakcie rozmowy telefonicznej",
    },
    role_names={
        "work": "Praca",
        "private": "Prywatnie",
    },
    role_spoken={
        "work": "w pracy",
        "private": "prywatnie",
    },
    words={
        "meeting": (
            "spotkanie, spotkania, na spotkaniu, zebranie, narada, konferencja, telekonferencja, "
            "wideokonferencja, rozmowa, spotkanie zespołu, spotkanie z klientem, spotkanie Teams, "
            "odprawa, posiedzenie, rada, zarząd, rozmowa roczna, rozmowa oceniająca, call, "
            "warsztaty, warsztat, zebranie zespołu, status, posiedzenie zarządu, lunch biznesowy, "
            "rozmowa kwalifikacyjna"
        ),
        "lunch": (
            "lunch, obiad, na lunchu, na obiedzie, przerwa obiadowa, przerwa na lunch, przerwa na "
            "obiad, przerwa lunchowa"
        ),
        "break": "przerwa, na przerwie, kawa, przerwa na kawę, przerwa kawowa, przerwa śniadaniowa",
        "out-of-office": (
            "poza biurem, nieobecny, nieobecna, nieobecność, wolne, dzień wolny, mam wolne, "
            "odbiór godzin, odbiór nadgodzin, urlop bezpłatny, urlop okolicznościowy, nie ma "
            "mnie, nie ma mnie w biurze, OOO, odbiór dnia wolnego, honorowe krwiodawstwo, "
            "wychodne"
        ),
        "vacation": (
            "urlop, na urlopie, urlop wypoczynkowy, wakacje, UW, UŻ, urlop na żądanie, ferie, "
            "urlopy, na wakacjach"
        ),
        "sick": (
            "chory, chora, choroba, L4, na L4, zwolnienie lekarskie, zwolnienie, na zwolnieniu, "
            "chorobowe, na chorobowym, jestem chory, jestem chora, zwolnienie chorobowe"
        ),
        "child-care": (
            "opieka nad dzieckiem, chore dziecko, opieka na dziecko, dziecko chore, opieka, "
            "opieka nad chorym dzieckiem, zwolnienie na dziecko, L4 na dziecko, opieka na chore "
            "dziecko"
        ),
        "parental-leave": (
            "urlop rodzicielski, urlop macierzyński, urlop ojcowski, urlop tacierzyński, "
            "macierzyński, urlop wychowawczy, na macierzyńskim, na urlopie macierzyńskim, na "
            "urlopie rodzicielskim, rodzicielski, tacierzyński, wychowawczy"
        ),
        "gone": (
            "wyszedłem, wyszłam, po pracy, koniec pracy, nieobecny do końca dnia, nieobecna do "
            "końca dnia, już nie ma, koniec na dziś"
        ),
        "home": (
            "praca zdalna, zdalnie, zdalna, home office, HO, dom, w domu, z domu, praca z domu, "
            "pracuję zdalnie, pracuję z domu, homeoffice, telepraca, praca w domu, zdalny"
        ),
        "travel": (
            "podróż, w podróży, delegacja, w delegacji, podróż służbowa, wyjazd, wyjazd służbowy, "
            "lot, przejazd, dojazd, na delegacji, w trasie"
        ),
        "course": "szkolenie, na szkoleniu, kurs, na kursie, seminarium, szkolenie BHP",
        "errand": (
            "prywatne, prywatnie, sprawa prywatna, sprawy prywatne, sprawy osobiste, wyjście "
            "prywatne, lekarz, u lekarza, dentysta, u dentysty, wizyta lekarska, wizyta u "
            "lekarza, wizyta u dentysty, stomatolog, fryzjer, urząd, pediatra, osobiste, badania "
            "lekarskie"
        ),
        "dnd": (
            "nie przeszkadzać, proszę nie przeszkadzać, nie przeszkadzaj, skupienie, czas "
            "skupienia, focus, praca w skupieniu, focus time"
        ),
    },
    alone=(
        "HO, dom, w domu, z domu, zdalna, zdalny, zdalnie, wolne, opieka, kawa, lot, rada, "
        "zarząd, status, call, focus, skupienie, prywatne, prywatnie, osobiste, po pracy, "
        "rozmowa, urząd, wyjazd, przejazd, dojazd, UW, UŻ, rodzicielski, macierzyński, "
        "wychowawczy, tacierzyński, choroba, zwolnienie, obiad"
    ),
    joiners="i, oraz, lub, albo",
    followers=(
        "plan, plany, planowanie, zaplanować, wniosek, wnioski, lista, harmonogram, grafik, "
        "kalendarz, zastępstwo, zastępstwa, polityka, raport, rozliczenie, rozliczenia, budżet, "
        "rezerwacja, zarezerwować, zamówić, zamówienie, formularz, protokół, notatki, notatka, "
        "sala, impreza, przygotowanie, przygotować, akceptacja, zatwierdzić, zatwierdzenie, "
        "koszty, ewidencja, limit, limity, zaległe, zaległy, prezent, regulamin, zaświadczenie, "
        "zapisy, ocena, materiały"
    ),
)
