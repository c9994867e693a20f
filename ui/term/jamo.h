/* Hangul letters that stand alone. A tokenizer may cut a syllable apart, and a vowel or a tail by
 * itself takes no columns: a terminal draws it over its neighbour, or not at all. */
#ifndef ES_UI_TERM_JAMO_H
#define ES_UI_TERM_JAMO_H

/* Replaces, in a composed (NFC) text, the jamo that are left by the letters that stand for
 * themselves (U+3131 to U+3163). In place: either form is three bytes long. */
void jamo_stand_alone(char *utf8);
#endif
