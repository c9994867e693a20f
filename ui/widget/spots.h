/* Places for the labels at the ends of lines: each beside its line, none on another, and from top to
 * bottom in the order of their values. */
#ifndef ES_UI_SPOTS_H
#define ES_UI_SPOTS_H

#define SPOT_FAR 3 /* rows; a label farther from its line says nothing about it */
struct spot {
    double value;    /* larger ones stand higher */
    int row, x, w;   /* where it belongs, and the columns that it takes */
    int first, last; /* rows that it may stand in */
    int at;          /* out: its row, -1: there is no room near its line */
};
/* The ones that come first are placed before the others. 0 or E_NOMEM (all of them -1). */
int spots_place(struct spot *s, int n);
#endif
