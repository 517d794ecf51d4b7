//! users_cell
