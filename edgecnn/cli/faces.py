"""``edgecnn faces``: enrol, identify, verify and forget people; one file for related verbs."""

from __future__ import annotations

import click

from edgecnn.cli.faces_calibrate import calibrate
from edgecnn.cli.faces_consent import consent
from edgecnn.cli.faces_enrol import enrol, enrol_folder
from edgecnn.cli.faces_evaluate import evaluate
from edgecnn.cli.faces_files import (
    backup_command,
    export_command,
    export_my_data_command,
    import_command,
    passphrase_command,
    restore_command,
)
from edgecnn.cli.faces_identify import identify
from edgecnn.cli.faces_people import forget_people, list_people, merge, rename, show_log
from edgecnn.cli.faces_reenrol import re_enrol_command
from edgecnn.cli.faces_verify import verify


@click.group()
def faces() -> None:
    """Enrol people, recognize them, and forget them; everything is kept encrypted.

    The gallery is one file, opened by a passphrase (--passphrase-file, EDGECNN_PASSPHRASE, or a
    prompt) or by the system keyring. Nothing asks where there is no terminal.
    """


for _command in (
    backup_command,
    calibrate,
    consent,
    enrol,
    enrol_folder,
    evaluate,
    export_command,
    export_my_data_command,
    forget_people,
    identify,
    import_command,
    list_people,
    merge,
    passphrase_command,
    re_enrol_command,
    rename,
    restore_command,
    show_log,
    verify,
):
    faces.add_command(_command)
