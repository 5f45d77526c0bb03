"""The notice that stands in ``--help``, on every report and export and in the metadata of every table."""

NOTICE = (
    "For research use only. Not a medical device; not cleared or approved by any authority "
    "(FDA, EU MDR, MHRA…). Not for diagnosis or treatment decisions. "
    "Measurements do not replace the General Movements Assessment or clinical examination."
)
