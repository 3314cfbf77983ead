/* Removing a directory that somebody less privileged filled. */
#ifndef AAAU_SERVER_REMOVE_TREE_H
#define AAAU_SERVER_REMOVE_TREE_H

/* Removes parent/name with all that is in it. Symbolic links are removed and never followed, other
 * file systems are not entered (-EXDEV). 0, or a negative errno. */
int remove_tree(int parent, const char *name);

#endif
