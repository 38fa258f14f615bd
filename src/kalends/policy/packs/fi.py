"""Finnish."""

from kalends.policy.packs.pack import Pack

PACK = Pack(
    language="fi",
    names={
        "available": "Tavattavissa",
        "meeting": "Kokous",
        "lunch": "Lounas",
        "break": "Tauko",
        "out-of-office": "Poissa toimistolta",
        "vacation": "Loma",
        "sick": "Sairaana",
        "child-care": "Lapsi sairaana",
        "parental-leave": "Perhevapaa",
        "gone": "Lähtenyt tältä päivältä",
        "home": "Etätyö",
        "travel": "Matkalla",
        "course": "Kurssi",
        "errand": "Oma asia",
        "dnd": "Älä häiritse",
        "busy": "Varattu",
        "tentative": "Alustava",
        "away": "Poissa",
        "elsewhere": "Työskentelee muualla",
        "off-work": "Työajan ulkopuolella",
        "on-the-phone": "Puhelimessa",
    },
    spoken={
        "available": "tavattavissa",
        "meeting": "kokouksessa",
        "lunch": "lounaalla",
        "break": "tauolla",
        "out-of-office": "poissa toimistolta",
        "vacation": "lomalla",
        "sick": "sairaana",
        "child-care": "kotona sairaan lapsen kanssa",
        "parental-leave": "perhevapaalla",
        "gone": "lähtenyt tältä päivältä",
        "home": "etätöissä",
        "travel": "matkalla",
        "course": "kurssilla",
        "errand": "omalla asialla",
        "dnd": "työrauhassa eikä häirittävissä",
        "busy": "varattu",
        "tentative": "alustavasti varattu",
        "away": "poissa",
        "elsewhere": "muualla töissä",
        "off-work": "poissa työvuorosta",
        "on-the-phone": "puhelimessa",
    },
    role_names={
        "work": "Työ",
        "private": "Yksityinen",
    },
    role_spoken={
        "work": "työssä",
        "private": "vapaalla",
    },
    words={
        "meeting": (
            "kokous, kokouksessa, palaveri, palaverissa, tapaaminen, neuvottelu, neuvottelussa, "
            "Teams-palaveri, Teams-kokous, teamspalaveri, puhelinpalaveri, videopalaveri, "
            "viikkopalaveri, tiimipalaveri, asiakaspalaveri, asiakastapaaminen, projektipalaveri, "
            "osastopalaveri, kehityskeskustelu, aamupalaveri, konferenssi, lounaspalaveri, "
            "työpaja, hallituksen kokous"
        ),
        "lunch": "lounas, lounaalla, lounastauko, ruokatauko, ruokatunti, ruokailu, syömässä",
        "break": "tauko, tauolla, kahvitauko, kahvi, kahvilla",
        "out-of-office": (
            "poissa toimistolta, ei toimistolla, poissa, poissaolo, vapaa, vapaalla, vapaapäivä, "
            "saldovapaa, virkavapaa, opintovapaa, pekkaspäivä, ylityövapaa, liukumavapaa, "
            "vuorotteluvapaa, työvapaa, palkaton vapaa"
        ),
        "vacation": (
            "loma, lomalla, kesäloma, talviloma, vuosiloma, joululoma, hiihtoloma, syysloma, "
            "lomapäivä, kesälomalla, talvilomalla, lomaviikko, vuosilomalla"
        ),
        "sick": (
            "sairas, sairaana, sairausloma, sairauslomalla, sairaslomalla, sairasloma, "
            "sairauspoissaolo, saikku, saikulla, kipeä, kipeänä, omailmoitus"
        ),
        "child-care": (
            "lapsi sairaana, sairas lapsi, lapsi kipeänä, sairaan lapsen hoito, lapsen sairaus, "
            "lapsi sairas, lapsi kipeä, sairaan lapsen kanssa, tilapäinen hoitovapaa"
        ),
        "parental-leave": (
            "perhevapaa, perhevapaalla, vanhempainvapaa, vanhempainvapaalla, äitiysloma, "
            "äitiyslomalla, isyysloma, isyysvapaa, hoitovapaa, hoitovapaalla, isyyslomalla, "
            "raskausvapaa, äitiysvapaa"
        ),
        "gone": (
            "lähtenyt, lähtenyt kotiin, lähtenyt tältä päivältä, poissa loppupäivän, poistunut, "
            "loppupäivän poissa, lähdin kotiin"
        ),
        "home": (
            "etätyö, etätyössä, etätöissä, etänä, etäpäivä, etätyöpäivä, kotona, kotitoimisto, "
            "töissä kotona, kotikonttori, kotitoimistolla, etä"
        ),
        "travel": (
            "matka, matkalla, työmatka, työmatkalla, matkustus, matkapäivä, virkamatka, "
            "matkustaminen, komennus, matkoilla, matka-aika"
        ),
        "course": (
            "kurssi, kurssilla, koulutus, koulutuksessa, koulutuspäivä, seminaari, "
            "täydennyskoulutus"
        ),
        "errand": (
            "oma asia, omia asioita, oma meno, yksityinen, lääkäri, lääkärissä, lääkärikäynti, "
            "hammaslääkäri, hammaslääkärissä, neuvola, kampaaja, yksityisasia, terveyskeskus, "
            "lääkäriaika, hammaslääkäriaika, henkilökohtainen"
        ),
        "dnd": (
            "älä häiritse, ei saa häiritä, keskittymisaika, työrauha, fokus, fokusaika, "
            "keskittyminen"
        ),
    },
    alone="poissa, vapaa, fokus, kahvi, lähtenyt, kipeä, matka, yksityinen, henkilökohtainen",
    joiners="ja, tai, sekä",
    followers=(
        "suunnittelu, suunnitelma, suunnitelmat, suunnittelua, lista, listat, anomus, anomukset, "
        "hakemus, hakemukset, toiveet, sijainen, sijaisuus, sijaisjärjestelyt, ohje, ohjeet, "
        "lasku, laskut, raportti, ilmoitus, todistus, juhlat, juhla, varaus, tilaus, budjetti, "
        "kalenteri, pöytäkirja, muistio, kutsu, tila, huone, palaute, materiaali, korvaus, "
        "korvaukset, raha"
    ),
)
