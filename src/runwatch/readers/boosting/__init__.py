"""XGBoost, LightGBM and CatBoost."""
