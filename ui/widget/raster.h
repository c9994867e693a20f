/* A bitmap of braille dots: 2 columns and 4 rows a cell. Several lines are rasterised one after
 * the other and laid into shared cells by ui/widget/chart.c. */
#ifndef ES_UI_RASTER_H
#define ES_UI_RASTER_H
#include <stdint.h>

struct raster {
    int h, w;       /* cells */
    uint8_t *dots;  /* [h*w], bit order of U+2800 */
};
/* 0 or E_NOMEM. */
int raster_init(struct raster *r, int h, int w);
void raster_free(struct raster *r);
void raster_clear(struct raster *r);
/* One dot; outside the bitmap: nothing. x in 0..2w-1, y in 0..4h-1 from the top. */
void raster_dot(struct raster *r, int x, int y);
/* A vertical stroke; its ends are clipped, so that a stroke past the edge reaches the edge. */
void raster_stroke(struct raster *r, int x, int y0, int y1);
/* A joined line from (x0,y0) to (x1,y1): every column between gets a stroke that touches its
 * neighbours. */
void raster_join(struct raster *r, int x0, int y0, int x1, int y1);
/* Every third dot of a straight line: between measured points that stand far apart. */
void raster_dotted(struct raster *r, int x0, int y0, int x1, int y1);
/* The character of a cell's dots: braille, or one of ' - _ | / \ : in ASCII. */
const char *raster_char(uint8_t dots, int ascii, char out[4]);
#endif
