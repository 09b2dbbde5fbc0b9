/* Array of cells of one size. */
#ifndef MAESTRO_COMPAT_VECTOR_H
#define MAESTRO_COMPAT_VECTOR_H

struct Vector;

typedef void vector_init_elem(void *cell);

/* `capacity` cells of `elem_size` bytes into `*vector_out`, all zero and then initialised by `init`
 * (NULL: left zero). Returns 1; 0 when there is not enough memory. */
int vector_allocate(int elem_size, unsigned capacity, vector_init_elem *init,
                    struct Vector **vector_out);

/* `*val_out` becomes the cell `index`, which is below the capacity. Cells do not move. */
void vector_borrow(struct Vector *vector, int index, void **val_out);

/* Ends the borrowing of cell `index`; `value` is the pointer that was lent. What was written to it
 * stays. */
void vector_return(struct Vector *vector, int index, void *value);

#endif
