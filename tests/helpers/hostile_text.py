"""Text that breaks a page where it is not escaped."""

IN_REPORT = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "x" * 200,
    "\u202etfel",
    "{{ 7*7 }}",
    "'};x//",
)

IN_COHORT = (
    "<script>document.title = 'x'</script>",
    "\"><img src=x onerror='alert(1)'>",
    "x" * 200,
    "\u202eabc שלום $x$ ${",
)
