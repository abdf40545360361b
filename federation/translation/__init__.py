"""Rights of one authority in the words of another, by a table that is data. Pure: values in, values and their explanation out."""
