from tom_common.files import size_text


def test_sizes_are_told_in_words():
    sizes = (0, 999, 1500, 100_000, 999_949, 999_950, 2_000_000, 2.5e9, 3e15)
    assert [size_text(size) for size in sizes] == [
        "0 bytes",
        "999 bytes",
        "1.5 kB",
        "100 kB",
        "999.9 kB",
        "1 MB",
        "2 MB",
        "2.5 GB",
        "3000 TB",
    ]
